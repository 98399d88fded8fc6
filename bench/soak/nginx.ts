/** nginx in front of a server, with its own defaults: HTTP/1.0 to the server, and no connection kept. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { open } from '../../test/load.ts'
import { freePort } from '../free-port.ts'
import { isInstalled } from './clients.ts'

export interface ProxyServer {
  /** Ports that hand a body on when it is whole, and as it comes. */
  readonly buffering: number
  readonly streaming: number
  stop(): Promise<void>
}

/** Starts nginx in front of a port; undefined, with a notice, where it is not installed. */
export async function startNginx(
  port: number,
  directory: string,
): Promise<ProxyServer | undefined> {
  if (!isInstalled('nginx', '-v')) return undefined
  const [buffering, streaming] = [await freePort(), await freePort()]
  mkdirSync(join(directory, 'logs'))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  )
  const server = (listen: number, more: string) => `
    server {
      listen 127.0.0.1:${listen};
      location / {
        proxy_pass http://127.0.0.1:${port};
        ${more}
      }
    }`
  // The limit of bodies is the only default that is changed: nginx would refuse what is larger than 1 MB itself.
  const file = join(directory, 'nginx.conf')
  writeFileSync(
    file,
    `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/logs/error.log;
events {}
http {
  access_log off;
  client_max_body_size 1g;
  ${temporary.join('\n  ')}
  ${server(buffering, '')}
  ${server(streaming, 'proxy_request_buffering off;')}
}
`,
  )
  const child = spawn('nginx', ['-p', directory, '-c', file], { stdio: 'inherit' })
  const ended = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  for (let i = 0; i < 100; i++) {
    const socket = await open(streaming)
    socket?.destroy()
    if (socket) break
    await sleep(50)
  }
  return {
    buffering,
    streaming,
    async stop() {
      child.kill('SIGTERM')
      await ended
      process.off('exit', kill)
    },
  }
}
