/** The routes of a loaded model: one line per protocol. */
import type { LoadedModel } from '../model-directory/read.ts'
import { explainRoutes } from './explain.ts'
import { kserveRoutes } from './kserve.ts'
import { mlflowRoutes } from './mlflow.ts'
import { openInferenceRoutes } from './open-inference.ts'
import type { Route } from './route.ts'
import { sageMakerRoutes } from './sagemaker.ts'
import type { Service } from './service.ts'

const protocols: readonly ((model: LoadedModel, service: Service) => Route[])[] = [
  sageMakerRoutes,
  explainRoutes,
  mlflowRoutes,
  kserveRoutes,
  openInferenceRoutes,
]

/** Returns the routes of one model, in every protocol. */
export function buildRoutes(model: LoadedModel, service: Service): Route[] {
  return protocols.flatMap((routesOf) => routesOf(model, service))
}
