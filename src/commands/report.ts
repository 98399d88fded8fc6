/** What `train` says to a person: plain text in columns; colours and bars only on a terminal. */
import type { SingleBar } from 'cli-progress'
import pc from 'picocolors'
import type { Metrics } from '../evaluation/metrics.ts'
import type { PlannedColumn } from '../preprocess/infer-plan.ts'
import type { Evaluation, TrainReport } from '../train.ts'
import { VERSION } from '../version.ts'
import type { FileSummary } from './tables.ts'

/** Where lines go: progress to stderr, results to stdout. */
export interface Output {
  note(line: string, paint?: (text: string) => string): void
  warn(line: string): void
  result(text: string): void
  /** Reports progress of a long step. */
  progress(name: string, done: number, total: number, unit: string): Promise<void>
  /** Gives the terminal back as it was, also when a step did not end. */
  close(): void
}

const SILENT: Output['note'] = () => {}

/**
 * Returns the output of a command. With `quiet` only results are written; `json` keeps results to one object.
 * Lines are shown without control characters, so that data can neither move the cursor nor forge a line.
 */
export function createOutput(options: { quiet: boolean }): Output {
  const { stderr, stdout } = process
  for (const stream of [stderr, stdout]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader has gone away (`| head`): nobody is left to write for.
      if (error.code === 'EPIPE') process.exit(0)
    })
  }
  const bar = !options.quiet && stderr.isTTY ? createBar() : undefined
  const warned = new Map<string, number>()
  const note: Output['note'] = options.quiet
    ? SILENT
    : (line, paint = (text) => text) => {
        stderr.write(`${paint(printable(line))}\n`)
      }
  return {
    note,
    warn(line) {
      const count = (warned.get(line) ?? 0) + 1
      warned.set(line, count)
      if (count === 1) note(`warning   ${line}`, pc.yellow)
    },
    result: (text) => void stdout.write(text),
    progress: bar?.progress ?? (options.quiet ? async () => {} : createLines(note)),
    close: () => bar?.stop(),
  }
}

/** Data's control characters become question marks. */
function printable(line: string): string {
  return line.replace(/[\p{Cc}\u2028\u2029]/gu, '?')
}

function createBar(): { progress: Output['progress']; stop: () => void } {
  let bar: SingleBar | undefined
  const started = performance.now()
  const stop = () => bar?.stop()
  const progress: Output['progress'] = async (name, done, total, unit) => {
    if (!bar) {
      const { default: cliProgress } = await import('cli-progress')
      bar = new cliProgress.SingleBar(
        {
          format: `${name.padEnd(9)} {bar}  {value}/{total} ${unit}   {spent}  {eta_formatted}`,
          hideCursor: true,
          barsize: 24,
        },
        cliProgress.Presets.shades_classic,
      )
      bar.start(total, done, { spent: '0.0 s' })
    }
    bar.update(done, { spent: `${((performance.now() - started) / 1000).toFixed(1)} s` })
    if (done >= total) bar.stop()
  }
  return { progress, stop }
}

/** One line per 10 %: for logs and CI. */
function createLines(note: Output['note']): Output['progress'] {
  const started = performance.now()
  let shown = -1
  return async (name, done, total, unit) => {
    const tenth = Math.floor((done / total) * 10)
    if (tenth === shown) return
    shown = tenth
    if (done === 0) return
    note(
      `${name.padEnd(9)} ${done}/${total} ${unit}   ${((performance.now() - started) / 1000).toFixed(1)} s`,
    )
  }
}

/** Returns the first lines: what runs. */
export function describeStart(seed: number, notes: readonly string[] = []): string[] {
  return [
    `shapserve ${VERSION} · train · seed ${seed}`,
    ...notes.map((note) => `note      ${note}`),
  ]
}

/** Returns a line per file: on which data. */
export function describeFiles(files: readonly FileSummary[]): string[] {
  return files.map(
    (file) =>
      `data      ${file.name}   ${file.rows} rows, ${file.columns} columns, ${Math.ceil(file.bytes / 1000)} KB`,
  )
}

/** Returns the plan's lines: columns of one kind together, with the reason and the flag that changes it. */
export function describePlan(columns: readonly PlannedColumn[]): string[] {
  const width = Math.min(28, Math.max(0, ...columns.map(({ column }) => column.length)))
  return columns.map(({ column, role, reason, override }, index) => {
    const head = index === 0 ? 'columns   ' : '          '
    return `${head}${column.padEnd(width)}  ${role.padEnd(8)}  ${reason}  (${override} to change)`
  })
}

/** Returns the table of metrics and confusion, and the importance bars. */
export function describeResult(report: TrainReport): string {
  const { artifact, test, channels, importance } = report
  const lines: string[] = []
  const measured: [string, Evaluation][] = [
    ...(test ? [[channels.has('test') ? 'held out' : 'test', test] as [string, Evaluation]] : []),
    ...channels,
  ]
  for (const [title, { model, majority }] of measured) {
    const head = ['accuracy', 'ROC AUC', 'log loss', 'F1', 'Brier']
    lines.push(`${title.padEnd(10)}${head.map((name) => name.padStart(9)).join('')}`)
    lines.push(`model     ${metricCells(model)}`)
    lines.push(`majority  ${metricCells(majority)}`, '')
    lines.push(...describeConfusion(model, artifact.classes), '')
  }
  const most = importance[0]?.meanAbsShap ?? 0
  const width = Math.min(28, Math.max(...importance.map(({ column }) => column.length)))
  const space = artifact.model.kind === 'linear' ? 'log-odds' : 'probability'
  const of =
    artifact.classes.length === 2
      ? `${space} of ${artifact.plan.target} = ${artifact.classes[1]}`
      : `${space}, mean over classes`
  const heading = `why (mean |SHAP|, ${of})`
  lines.push(artifact.classes.length === 2 ? `${heading.padEnd(width + 39)} direction` : heading)
  for (const entry of importance.slice(0, 20)) {
    const bar = '█'.repeat(most > 0 ? Math.round((entry.meanAbsShap / most) * 24) : 0)
    const direction = artifact.classes.length === 2 ? entry.direction : ''
    lines.push(
      `${printable(entry.column).padEnd(width)}  ${bar.padEnd(24)}  ${entry.meanAbsShap.toFixed(4).padStart(8)}    ${printable(direction)}`.trimEnd(),
    )
  }
  if (importance.length > 20) lines.push(`and ${importance.length - 20} more`)
  return `${lines.join('\n')}\n`
}

function metricCells(metrics: Metrics): string {
  return [metrics.accuracy, metrics.rocAuc, metrics.logLoss, metrics.f1, metrics.brier]
    .map((value) => (value === null ? '-' : value.toFixed(3)).padStart(9))
    .join('')
}

function describeConfusion(metrics: Metrics, classes: readonly string[]): string[] {
  if (classes.length > 8) return []
  const names = classes.map((name) => printable(name).slice(0, 16))
  const width = Math.max(8, ...names.map((name) => name.length + 5))
  const head = `confusion ${' '.repeat(width)}${names.map((name) => `said ${name}`.padStart(width + 2)).join('')}`
  const rows = metrics.confusion.map(
    (counts, k) =>
      `          ${`was ${names[k]}`.padEnd(width)}${counts.map((count) => String(count).padStart(width + 2)).join('')}`,
  )
  return [head, ...rows]
}
