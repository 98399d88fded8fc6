/** Where metrics are answered. */
import { InputError, quote } from '../errors.ts'
import { parseWhole, type Setting } from './setting.ts'

export interface MetricsConfig {
  /** `HOST:PORT`, an IPv6 address in brackets; empty = nowhere. */
  readonly metrics: string
}

export const metricsSettings: readonly Setting<keyof MetricsConfig>[] = [
  {
    key: 'metrics',
    flag: '--metrics',
    env: ['SHAPSERVE_METRICS'],
    default: 'off',
    isSwitch: true,
    description:
      "address of GET /metrics in Prometheus' text format: on = 127.0.0.1:9090, or HOST:PORT",
    parse: parseAddress,
  },
]

function parseAddress(text: string, name: string): string {
  const value = text.trim().toLowerCase()
  if (['', 'off', 'false', 'no', '0'].includes(value)) return ''
  if (['on', 'true', 'yes', '1'].includes(value)) return '127.0.0.1:9090'
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+):([0-9]+)$/.exec(value) ?? []
  if (host === undefined)
    throw new InputError(
      'invalid_parameter',
      `${name} is ${quote(text)}, expected on, off or HOST:PORT, such as 127.0.0.1:9090`,
    )
  return `${host}:${parseWhole(port as string, `the port of ${name}`, 0, 65535)}`
}
