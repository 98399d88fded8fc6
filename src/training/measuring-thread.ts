/** A thread that measures: knows one model from its start and does the tasks that it is given. */
import type { ArtifactParts } from '../artifact/artifact.ts'
import { threadSetup, threadTask } from '../threads/threads.ts'
import { createRemoteJob } from './measuring-jobs.ts'

export default threadTask(createRemoteJob(threadSetup<ArtifactParts>()))
