/** Requests to AWS as data: `--dry-run` prints them, `aws.ts` sends them. */
import type { Operations, UploadBody } from './aws.ts'

/** One request, or the upload of a file. */
export type Step = {
  readonly [K in keyof Operations]: {
    readonly operation: K
    readonly input: Operations[K]['input']
    /** On what it depends that the request is sent at all; absent = on nothing. */
    readonly when?: string
  }
}[keyof Operations]

/** Returns steps as JSON: nothing but what would be sent. */
export function describeSteps(steps: readonly Step[]): string {
  const shown = steps.map(({ operation, input, when }) => {
    const [service, action] = operation.split(':')
    return { service, action, ...(when === undefined ? {} : { when }), input: showInput(input) }
  })
  return `${JSON.stringify(shown, null, 2)}\n`
}

function showInput(input: object): object {
  const { Body: body, ...rest } = input as { Body?: UploadBody }
  if (body === undefined) return rest
  return { ...rest, Body: 'file' in body ? `file ${body.file}` : `${body.bytes.length} bytes` }
}
