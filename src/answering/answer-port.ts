/** Answers on their way from a thread: whole, or block by block with no more of them under way than are asked for. */
import type { MessagePort } from 'node:worker_threads'
import type { JobResult } from './job.ts'

/** Blocks that may wait to be sent on. */
const WINDOW = 2

type Head = Omit<JobResult, 'rest'>

/** What comes over the port: the answer's beginning, blocks, and null at the end. */
type Message = Head | Uint8Array | null

/**
 * Sends an answer's beginning and its blocks over a port, each when one before it was taken. Ends with the port.
 * @param port the thread's end; whoever takes the answer closes the other one
 */
export async function sendAnswer(
  port: MessagePort,
  { rest = [], ...head }: JobResult,
): Promise<void> {
  let room = WINDOW
  let wake = () => {}
  port.on('message', () => {
    room++
    wake()
  })
  port.postMessage(head)
  for await (const block of rest) {
    while (room === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    room--
    port.postMessage(block, [block.buffer as ArrayBuffer])
  }
  port.postMessage(null)
  port.unref()
}

/**
 * Returns the answer of a thread, as soon as its beginning is there.
 * @param port this side's end
 * @param running the thread's task, which returns a whole answer itself, and undefined once it has sent one
 * @throws what the task throws, also between two blocks
 */
export async function receiveAnswer(
  port: MessagePort,
  running: Promise<JobResult | undefined>,
): Promise<JobResult> {
  const queue: Message[] = []
  let isWhole = false
  let failure: { readonly error: unknown } | undefined
  let wake = () => {}
  const take = (message: Message) => {
    queue.push(message)
    wake()
  }
  port.on('message', take)
  running.then(
    (result) => {
      if (!result) return
      isWhole = true
      take(result)
      port.close()
    },
    (error: unknown) => {
      failure = { error }
      port.close()
      wake()
    },
  )
  const next = async (): Promise<Message> => {
    for (;;) {
      const message = queue.shift()
      if (message !== undefined) return message
      if (failure) throw failure.error
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  async function* blocks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const block = (await next()) as Uint8Array | null
      if (block === null) break
      port.postMessage(null)
      yield block
    }
    port.close()
  }
  const head = (await next()) as Head
  return isWhole ? head : { ...head, rest: blocks() }
}
