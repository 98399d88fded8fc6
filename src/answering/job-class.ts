/** Which queue a job belongs to: explanations may take a thousand times as long as predictions. */
import type { DrawJob, Job, ReportJob, RowJob, SampleJob, TensorJob } from './job.ts'

export type JobClass = 'predict' | 'explain'

/** Returns the class of a job by what it asks, as far as that can be seen without reading its rows. */
export function classOf(job: Job): JobClass {
  return mayExplain(job) ? 'explain' : 'predict'
}

/** What is known of a job before its body is. */
export type BodilessJob =
  | Pick<TensorJob, 'operation'>
  | Pick<DrawJob, 'operation'>
  | Pick<SampleJob, 'operation'>
  | Pick<ReportJob, 'operation'>
  | Pick<RowJob, 'operation' | 'enableExplanations' | 'explainByBody'>

/** Returns the classes that a job may be of, which its body decides. */
export function classesOf(job: BodilessJob): readonly JobClass[] {
  if (job.operation === 'infer') return EITHER
  if (isOfModel(job) || job.operation === 'explain') return EXPLAIN
  if (job.enableExplanations !== undefined) return EXPLAIN
  return job.explainByBody === true ? EITHER : PREDICT
}

const EITHER = ['predict', 'explain'] as const
const EXPLAIN = ['explain'] as const
const PREDICT = ['predict'] as const

/** What a job of the model itself does, for which a request carries no rows. */
type ModelOperation = (DrawJob | SampleJob | ReportJob)['operation']

/** Whether a job is of the model itself. */
export function isOfModel<J extends Pick<Job, 'operation'>>(
  job: J,
): job is Extract<J, { readonly operation: ModelOperation }> {
  const { operation } = job
  return operation === 'draw' || operation === 'sample' || operation === 'report'
}

function mayExplain(job: Job): boolean {
  if (job.operation === 'infer') {
    const isNamed = mentions(job.body, '"outputs"')
    return mentionsExplain(job.body) || (!isNamed && job.outputs.includes('explain'))
  }
  if (isOfModel(job) || job.operation === 'explain') return true
  if (job.enableExplanations !== undefined) return true
  return job.explainByBody === true && mentionsExplain(job.body)
}

/** Whether JSON may hold the text "explain": as it is, or by an escape that stands for a letter. */
function mentionsExplain(body: Uint8Array): boolean {
  return mentions(body, '"explain"') || mentions(body, '\\u006') || mentions(body, '\\u007')
}

function mentions({ buffer, byteOffset, length }: Uint8Array, text: string): boolean {
  return Buffer.from(buffer, byteOffset, length).includes(text)
}
