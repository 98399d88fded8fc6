/** What is cleared away when this process ends, however it ends: by itself, at a time limit, or killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/** Remembers commands by number; runs those that are left once its input has ended. */
const script = `
$1 == "do" { number = $2; $1 = $2 = ""; left[number] = $0 }
$1 == "drop" { delete left[$2] }
END { for (number in left) system(left[number]) }
`

let watcher: ChildProcess | undefined
let count = 0

/** Has a shell command run when this process has ended; returns what takes it back. */
export function atEnd(command: string): () => void {
  if (!watcher) {
    // Its input ends with this process, and with nothing else.
    watcher = spawn('awk', [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    watcher.unref()
    ;(watcher.stdin as Socket).unref()
  }
  const number = ++count
  watcher.stdin?.write(`do ${number} ${command}\n`)
  return () => {
    watcher?.stdin?.write(`drop ${number}\n`)
  }
}
