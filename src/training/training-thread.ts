/** A thread of a training: knows one setup from its start and grows the trees it is asked for. */
import { createForestJob, type ForestSetup } from '../estimators/native/forest-job.ts'
import { threadSetup, threadTask } from '../threads/threads.ts'

export default threadTask(createForestJob(threadSetup<ForestSetup>()))
