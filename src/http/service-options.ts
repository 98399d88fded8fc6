/** What the service behind all routes is made of. */
import type { Limits } from '../answering/limits.ts'
import type { JobPool } from '../answering/pool.ts'
import type { OutputName } from '../answering/tensor-outputs.ts'
import type { Selected } from '../codecs/selection.ts'
import type { Capture } from './capture.ts'
import type { MemoryGuard } from './memory-guard.ts'

export interface ServiceOptions {
  /** Answers heavy requests and reads isolated formats; without it, everything runs on the event loop. */
  readonly pool?: JobPool
  /** Whether the event loops of all processes leave a core to workers; true by default. */
  readonly hasSpareCore?: boolean
  /** Whether the pool is for isolated formats alone. */
  readonly isolatesOnly?: boolean
  readonly limits: Limits
  readonly maxBodyBytes: number
  /** Bytes of bodies held at once. */
  readonly bodyBudget: number
  /** Refuses bodies where memory is short. */
  readonly memory?: MemoryGuard
  /** About so many bytes of a large body are read, and of a large answer sent, at a time; 1 MiB by default. */
  readonly blockBytes?: number
  /** Answer to requests without an Accept header. */
  readonly defaultAccept: string
  /** A request is given up after so many milliseconds. */
  readonly deadlineMs: number
  /** Members of predictions that the operator selected. */
  readonly selection?: readonly Selected[]
  /** Condition on which predictions come with explanations when a request says nothing. */
  readonly enableExplanations?: string
  /** Name of the model in KServe's and the Open Inference Protocol's paths. */
  readonly modelName: string
  /** Outputs of the Open Inference Protocol's metadata, and of requests that name none; absent = all. */
  readonly inferOutputs?: readonly OutputName[]
  /** Whether KServe's :predict answers probabilities instead of labels. */
  readonly predictProbabilities?: boolean
  /** Whether batch transform asks, which joins answers to records line by line. */
  readonly isBatch?: boolean
  /** Requests that batch transform may send at once. */
  readonly maxConcurrent: number
  /** Keeps requests and answers in files. */
  readonly capture?: Capture | undefined
  /** Whether `/` answers the model's page. */
  readonly page?: boolean
  /** Whether the service is stopping. */
  readonly isDraining?: () => boolean
}
