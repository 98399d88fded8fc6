/** What is counted of a serving process; the only file that knows the metrics library, which is loaded when it is asked for. */
import type { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CaptureCounts } from '../answering/capture/capture.ts'
import type { TallyCounts } from '../answering/tally.ts'
import type { FinishedRequest, Observer } from './request-log.ts'

/** Samples of one process, as data that can cross to another. */
export type Samples = readonly object[]

export interface Metrics extends Observer {
  samples(): Promise<Samples>
}

/** Numbers of the moment, by their names without the prefix. */
export type Gauges = Readonly<Record<string, GaugeSpec>>

/** One number, or one for each value of a label. */
type GaugeSpec = { readonly help: string } & (
  | { readonly value: () => number }
  | { readonly label: string; readonly value: () => Readonly<Record<string, number>> }
)

/** Seconds: from a tenth of what one row takes to the longest deadlines. */
const SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600,
]

/** Counts of a request's rows: the note of it, and what it is called here. */
const rowCounts = {
  rows: ['rows_total', 'Rows of answered requests'],
  ignored_columns: ['ignored_columns_total', 'Columns of requests that the model does not use'],
  unknown_categories: ['unknown_categories_total', 'Cells with a category unknown in training'],
  warnings: ['warnings_total', 'Warnings of answered rows'],
} as const

/**
 * Returns the metrics of this process. Every label has few values, none of which comes from a caller.
 * @param predictions returns what a model has predicted so far
 * @param captured returns what was kept in files so far
 */
export async function createMetrics(
  gauges: Gauges,
  predictions?: () => TallyCounts,
  captured?: () => CaptureCounts,
): Promise<Metrics> {
  const { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } = await load()
  const registers: Registry[] = [new Registry()]
  const [registry] = registers as [Registry]
  collectDefaultMetrics({ register: registry })
  const named = (name: string, help: string) => ({ name: `shapserve_${name}`, help, registers })
  const requests: Counter = new Counter({
    ...named('requests_total', 'Requests by route, protocol and class of status'),
    labelNames: ['route', 'protocol', 'status'],
  })
  const seconds: Histogram = new Histogram({
    ...named('request_seconds', 'Time from the headers of a request to the end of its answer'),
    labelNames: ['route'],
    buckets: SECONDS,
  })
  const errors: Counter = new Counter({
    ...named('errors_total', 'Requests that were refused or failed, by the code of the problem'),
    labelNames: ['code'],
  })
  const shed = new Counter(named('shed_total', 'Requests refused because there was too much to do'))
  const counts = Object.entries(rowCounts).map(
    ([note, [name, help]]) =>
      [note, new Counter({ ...named(name, help), labelNames: ['route'] })] as [string, Counter],
  )
  for (const [name, spec] of Object.entries(gauges)) {
    const labelNames = 'label' in spec ? [spec.label] : []
    const gauge: Gauge = new Gauge({
      ...named(name, spec.help),
      labelNames,
      collect() {
        if (!('label' in spec)) return gauge.set(spec.value())
        for (const [kind, value] of Object.entries(spec.value()))
          gauge.set({ [spec.label]: kind }, value)
      },
    })
  }
  return {
    finished({ route, protocol, status, ms, notes }: FinishedRequest) {
      requests.inc({ route, protocol, status: status === 499 ? '499' : `${(status / 100) | 0}xx` })
      seconds.observe({ route }, ms / 1000)
      if (!notes) return
      if (typeof notes['code'] === 'string') {
        errors.inc({ code: notes['code'] })
        if (notes['code'] === 'overloaded') shed.inc()
      }
      for (const [note, counter] of counts) {
        const count = notes[note]
        if (typeof count === 'number' && count > 0) counter.inc({ route }, count)
      }
    },
    async samples() {
      const own = await registry.getMetricsAsJSON()
      return [
        ...own,
        ...(predictions ? predictionSamples(predictions()) : []),
        ...(captured ? captureSamples(captured()) : []),
      ]
    },
  }
}

/** Returns counts that are kept elsewhere in the library's form. */
function predictionSamples({ missing, classes, probabilities }: TallyCounts): Samples {
  const { atMost, sum, count } = probabilities
  const name = 'shapserve_predicted_probability'
  const bucket = (le: number | string, value: number) => {
    return { labels: { le }, value, metricName: `${name}_bucket` }
  }
  return [
    {
      name: 'shapserve_missing_values_total',
      help: 'Missing cells in rows that were predicted or explained',
      type: 'counter',
      aggregator: 'sum',
      values: [{ labels: {}, value: missing }],
    },
    {
      name: 'shapserve_predictions_total',
      help: 'Predicted rows by their class',
      type: 'counter',
      aggregator: 'sum',
      values: Object.entries(classes).map(([label, value]) => ({
        labels: { class: label },
        value,
      })),
    },
    {
      name,
      help: "Probabilities of the second of two classes, of more classes the predicted one's",
      type: 'histogram',
      aggregator: 'sum',
      values: [
        ...atMost.map(([bound, value]) => bucket(bound, value)),
        bucket('+Inf', count),
        { labels: {}, value: sum, metricName: `${name}_sum` },
        { labels: {}, value: count, metricName: `${name}_count` },
      ],
    },
  ]
}

/** Likewise of captured requests. */
function captureSamples({ records, bytes, dropped }: CaptureCounts): Samples {
  const counter = (name: string, help: string, values: readonly object[]) => ({
    name: `shapserve_capture_${name}`,
    help,
    type: 'counter',
    aggregator: 'sum',
    values,
  })
  return [
    counter('records_total', 'Requests written to captured files', [
      { labels: {}, value: records },
    ]),
    counter('bytes_total', 'Bytes written to captured files', [{ labels: {}, value: bytes }]),
    counter(
      'dropped_total',
      'Requests that were to be captured and are not, by the reason',
      Object.entries(dropped).map(([reason, value]) => ({ labels: { reason }, value })),
    ),
  ]
}

/** Returns the text of the samples of several processes, summed up. */
export async function joinSamples(parts: readonly Samples[]): Promise<string> {
  const { AggregatorRegistry } = await load()
  return await AggregatorRegistry.aggregate(parts as object[][]).metrics()
}

/** Returns what a supervisor has counted itself as samples; names that end in `_total` only grow. */
export async function sampleCounts(
  counts: Readonly<Record<string, { readonly help: string; readonly value: number }>>,
): Promise<Samples> {
  const { Counter, Gauge, Registry } = await load()
  const registry = new Registry()
  for (const [name, { help, value }] of Object.entries(counts)) {
    const Kind = name.endsWith('_total') ? Counter : Gauge
    new Kind({ name: `shapserve_${name}`, help, registers: [registry] }).inc(value)
  }
  return registry.getMetricsAsJSON()
}

async function load() {
  return (await import('prom-client')).default
}
