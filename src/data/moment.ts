/** Points in time as texts: one text for a moment, however ISO 8601 and data frames write it. */

const DATE = String.raw`(\d{4}-\d\d-\d\d)`
const TIME = String.raw`(\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)?`
const OFFSET = String.raw`(?: ?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?))?`
const MOMENT = new RegExp(`^${DATE}[Tt ]${TIME}${OFFSET}$`)
const TIME_OF_DAY = /^\d\d:\d\d:\d\d[.,]\d{1,12}$/

/**
 * Returns the one text of a moment: `2024-02-29 12:30:00`, with as many digits of a fraction as it takes, and
 * `2024-02-29` for the beginning of a day. Offsets from UTC are taken off; without one, it is UTC. A time of a day is
 * written likewise; any other text, also a day or an hour that no clock shows, comes back as it is.
 */
export function momentText(text: string): string {
  // Most texts are none, and are told by one letter.
  if (text.charCodeAt(4) !== 0x2d) return TIME_OF_DAY.test(text) ? timeText(text) : text
  const parts = text.length < 16 ? null : MOMENT.exec(text)
  if (!parts) return text
  const [, day, minute, second = '00', fraction = '', sign, hours = '0', minutes = '0'] = parts
  const written = `${day}T${minute}:${second}.000Z`
  const local = Date.parse(written)
  // A day that a month does not have becomes one of the next month.
  if (Number.isNaN(local) || new Date(local).toISOString() !== written) return text
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000)
  if (Math.abs(offset) >= DAY || Number(minutes) >= 60) return text
  return writeSecond(local - offset, fraction)
}

const DAY = 86_400_000

/**
 * Returns the text of a moment that is counted from 1970 in units of so many digits behind the second.
 * @throws RangeError for one beyond all calendars
 */
export function writeMoment(value: bigint, digits: number): string {
  const unit = 10n ** BigInt(digits)
  const rest = ((value % unit) + unit) % unit
  return writeSecond(Number((value - rest) / unit) * 1000, String(rest).padStart(digits, '0'))
}

/** Returns the text of a time of a day, `12:30:00`, with as many digits of a fraction as it takes. */
export function writeTimeOfDay(value: bigint, digits: number): string {
  const unit = 10n ** BigInt(digits)
  const seconds = value / unit
  if (value < 0n || seconds >= 86_400n) throw new RangeError('no time of a day')
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(11, 19)
  return whole + fractionOf(String(value % unit).padStart(digits, '0'))
}

/** @param milliseconds of a whole second since 1970 */
function writeSecond(milliseconds: number, fraction: string): string {
  const [day, time = ''] = new Date(milliseconds).toISOString().split('T')
  const rest = time.slice(0, 8) + fractionOf(fraction)
  return rest === '00:00:00' ? `${day}` : `${day} ${rest}`
}

function fractionOf(digits: string): string {
  const needed = digits.replace(/0+$/, '')
  return needed === '' ? '' : `.${needed}`
}

function timeText(text: string): string {
  return text.slice(0, 8) + fractionOf(text.slice(9))
}
