/** Preloaded into a server: collects garbage when its parent asks, and tells what is left. */
import { isMainThread } from 'node:worker_threads'

// The server's threads preload it too.
if (isMainThread) {
  process.on('message', () => {
    globalThis.gc()
    globalThis.gc()
    const { heapUsed, rss } = process.memoryUsage()
    process.send({ heapBytes: heapUsed, rssBytes: rss })
  })
  process.channel.unref()
}
