/** Texts that mean "no value" among numbers and dates, as programs and people write them. */

const signs = new Set(
  `- -- --- – — ? ?? . .. ... … * # x X #N/A #NA #NULL! #VALUE! #DIV/0! #REF! #NUM! #NAME? \\N`.split(
    ' ',
  ),
)
const words = new Set(
  [
    'none nil nan null na n/a <na> n.a. n.d. nd nat missing unknown unk undefined unavailable blank',
    'tbd tba empty (null) (none) (blank)',
  ]
    .join(' ')
    .split(' '),
)
const phrases = new Set(['no data', 'not available', 'not applicable', 'not known', 'not recorded'])

/** Whether a trimmed text means no value where everything else is a number or a date. */
export function isMarker(text: string): boolean {
  if (text.length > 20) return false
  const word = text.toLowerCase()
  return signs.has(text) || words.has(word) || phrases.has(word)
}
