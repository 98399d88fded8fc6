/** A thread of a training: knows one setup from its start and grows the trees it is asked for. */
import { workerData } from 'piscina'
import {
  createForestJob,
  type ForestSetup,
  type ForestTree,
} from '../estimators/native/forest-job.ts'

const grow = createForestJob(workerData as ForestSetup)

export default (tree: number): ForestTree => grow(tree)
