/**
 * `shapserve monitor` over captured rows: seconds of processor time and memory.
 * `npm run bench -- monitor [--rows 1000000] [--cli FILE]`
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { createRandom } from '../src/data/random.ts'

const MODEL = 'model_checkpoint'

/** Rows like those of the Titanic, no two alike. */
function* rows(count: number) {
  const random = createRandom(1)
  const titles = ['Mr', 'Mr', 'Mr', 'Miss', 'Mrs', 'Master']
  for (let i = 0; i < count; i++) {
    const title = titles[random.below(titles.length)]
    yield {
      Pclass: 1 + random.below(3),
      Name: `Doe, ${title}. Jo ${i}`,
      Sex: title?.startsWith('M') && (title === 'Mr' || title === 'Master') ? 'male' : 'female',
      Age: random.below(5) === 0 ? null : random.below(160) / 2,
      SibSp: random.below(3),
      Parch: random.below(3),
    }
  }
}

function recordOf(row: ReturnType<typeof rows> extends Generator<infer R> ? R : never, i: number) {
  const isCsv = i % 2 === 0
  const data = isCsv
    ? Object.values(row)
        .map((value) => (value === null ? '' : typeof value === 'string' ? `"${value}"` : value))
        .join(',')
    : JSON.stringify(row)
  const type = isCsv ? 'text/csv' : 'application/json'
  const answer = '{"predictions":[{"predicted_label":0,"score":0.0741,"probabilities":{}}]}'
  return {
    captureData: {
      endpointInput: {
        observedContentType: type,
        mode: 'INPUT',
        data,
        encoding: isCsv ? 'CSV' : 'JSON',
      },
      endpointOutput: {
        observedContentType: 'application/json',
        mode: 'OUTPUT',
        data: answer,
        encoding: 'JSON',
      },
    },
    eventMetadata: {
      eventId: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      inferenceTime: '2026-01-01T00:00:00Z',
    },
    eventVersion: '0',
  }
}

async function writeCapture(path: string, count: number): Promise<void> {
  const file = createWriteStream(path)
  let [text, i] = ['', 0]
  for (const row of rows(count)) {
    text += `${JSON.stringify(recordOf(row, i++))}\n`
    if (text.length < 1 << 20) continue
    if (!file.write(text)) await once(file, 'drain')
    text = ''
  }
  file.end(text)
  await finished(file)
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000000' },
      cli: { type: 'string', default: 'dist/cli.js' },
    },
  })
  const directory = await mkdtemp(join(tmpdir(), 'shapserve-monitor-'))
  try {
    const path = join(directory, 'captured.jsonl')
    await writeCapture(path, Number(values.rows))
    const bytes = (await stat(path)).size
    const started = performance.now()
    const child = spawn(
      '/usr/bin/env',
      ['time', '-v', process.execPath, values.cli, 'monitor', path, '--model-dir', MODEL, '--json'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let told = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text
    })
    await once(child, 'close')
    const seconds = (performance.now() - started) / 1000
    const read = (name: string) => Number(new RegExp(`${name}.*: ([\\d.]+)`).exec(told)?.[1])
    const cpu = read('User time') + read('System time')
    const peak = read('Maximum resident set size') / 1024
    console.log(
      '| captured rows | MiB | seconds | processor seconds | rows/s of one core | peak MiB |',
    )
    console.log('|---|---|---|---|---|---|')
    console.log(
      `| ${values.rows} | ${(bytes / 2 ** 20).toFixed(0)} | ${seconds.toFixed(1)} | ${cpu.toFixed(1)} | ${(Number(values.rows) / cpu).toFixed(0)} | ${peak.toFixed(0)} |`,
    )
    return 0
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

process.exitCode = await main()
