/** Preloaded into a server: tells its parent how late the event loop's timers were since it last asked. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

// The server's threads preload it too.
if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  process.on('message', () => {
    process.send({ maxMs: delay.max / 1e6, rssBytes: process.memoryUsage.rss() })
    delay.reset()
  })
  process.channel.unref()
}
