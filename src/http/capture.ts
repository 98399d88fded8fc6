/** Where requests are handed to the capture: once in the way of all requests, once in that of one row. */
import type { FastifyRequest } from 'fastify'
import type { Capture } from '../answering/capture/capture.ts'
import { writeMedia } from '../answering/capture/record.ts'
import type { Job, JobResult } from '../answering/job.ts'
import { isOfModel } from '../answering/job-class.ts'
import type { MediaType, Operation } from '../answering/media-type.ts'
import type { LoadedModel } from '../model-directory/read.ts'
import type { Predictor } from '../predictor/predictor.ts'
import { notesOf } from './notes.ts'

export type { Capture } from '../answering/capture/capture.ts'

const JSON_TYPE: MediaType = { essence: 'application/json', parameters: new Map() }
const BINARY_TYPE: MediaType = { essence: 'application/octet-stream', parameters: new Map() }

/**
 * Returns what is to be told of a request's answer; undefined for a request that is not captured. Called before the job is
 * run, which may hand the body over to another thread.
 */
export function captureRequest(
  capture: Capture | undefined,
  { predictor }: LoadedModel,
  request: FastifyRequest,
  job: Job,
): ((result: JobResult) => void) | undefined {
  if (!capture || isOfModel(job)) return undefined
  if (!capture.chooses() || !capture.takes(job.body.length)) return undefined
  const { operation } = job
  const body = Buffer.from(job.body)
  const media =
    'media' in job ? job.media : job.headerLength === undefined ? JSON_TYPE : BINARY_TYPE
  return (result) => {
    // An answer in blocks is larger than any that is kept.
    if (result.rest) return void capture.takes(Number.POSITIVE_INFINITY)
    const { body: answer, contentType: answerType } = result
    const inferenceId = notesOf(request)?.inference_id
    capture.add({
      predictor,
      operation,
      media,
      bodyType: writeMedia(media),
      body,
      answerType,
      answer,
      id: request.id,
      inferenceId: inferenceId === undefined ? undefined : String(inferenceId),
      modelId: predictor.modelId,
      masked: NOTHING,
      time: Date.now(),
    })
  }
}

/** Captures one row and its answer, as they went past the routes. */
export type CaptureOneRow = (
  body: Uint8Array,
  type: string,
  answer: string,
  answerType: string,
  id: string,
) => void

/** One list for all: what lines end with is made anew for another. */
const NOTHING: readonly string[] = []

const plainTypes = new Map<string, MediaType>()

/** Returns what captures the rows of one route; undefined where nothing is captured. */
export function captureOneRow(
  capture: Capture | undefined,
  predictor: Predictor,
  operation: Operation,
): CaptureOneRow | undefined {
  if (!capture) return undefined
  return (body, type, answer, answerType, id) => {
    if (!capture.chooses()) return
    let media = plainTypes.get(type)
    if (!media) {
      // Types of codecs, which are few.
      media = { essence: type, parameters: new Map() }
      plainTypes.set(type, media)
    }
    capture.add({
      predictor,
      operation,
      media,
      bodyType: type,
      body,
      answerType,
      answer,
      id,
      inferenceId: undefined,
      modelId: predictor.modelId,
      masked: NOTHING,
      time: Date.now(),
    })
  }
}
