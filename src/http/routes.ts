/** The routes of a loaded model: one line per protocol. */
import type { LoadedModel } from '../model-directory/read.ts'
import { explainRoutes } from './explain.ts'
import { kserveRoutes } from './kserve.ts'
import { mlflowRoutes } from './mlflow.ts'
import { openInferenceRoutes } from './open-inference.ts'
import { pageRoutes } from './page.ts'
import type { Route } from './route.ts'
import { sageMakerRoutes } from './sagemaker.ts'
import type { Service } from './service.ts'

const protocols: Readonly<Record<string, (model: LoadedModel, service: Service) => Route[]>> = {
  sagemaker: sageMakerRoutes,
  shapserve: explainRoutes,
  mlflow: mlflowRoutes,
  kserve: kserveRoutes,
  open_inference: openInferenceRoutes,
  page: pageRoutes,
}

/** Returns the routes of one model, in every protocol. */
export function buildRoutes(model: LoadedModel, service: Service): Route[] {
  return Object.entries(protocols).flatMap(([protocol, routesOf]) =>
    routesOf(model, service).map((route) => ({ ...route, protocol })),
  )
}
