/** The corpus as it is, and changed: bytes cut, odd, doubled and split at any place. */
import fc from 'fast-check'
import { mutants } from '../../test/helper.ts'
import { corpus } from './corpus.ts'
import type { Servers, Target } from './target.ts'
import { checkAnswer, exchangeInTime } from './wire.ts'

export interface RawBytes {
  readonly pieces: readonly Buffer[]
}

/** Larger ones make nothing that smaller ones do not. */
const seeds = corpus.filter(({ bytes }) => bytes.length > 0 && bytes.length < 20_000)

const changed = fc.oneof(
  mutants(seeds.map(({ bytes }) => bytes)),
  // Two requests in each other's place, or one line of headers twice.
  fc
    .tuple(fc.constantFrom(...seeds), fc.constantFrom(...seeds))
    .map(([a, b]) => Buffer.concat([a.bytes, b.bytes])),
  fc
    .tuple(fc.constantFrom(...seeds), fc.nat(8), fc.constantFrom('twice', 'none'))
    .map(([{ bytes }, at, how]) => {
      const lines = bytes.toString('latin1').split('\r\n')
      const line = at % lines.length
      lines.splice(line, 1, ...(how === 'twice' ? [lines[line]!, lines[line]!] : []))
      return Buffer.from(lines.join('\r\n'), 'latin1')
    }),
)

const arbitrary: fc.Arbitrary<RawBytes> = fc
  .tuple(changed, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 2 }))
  .map(([bytes, cuts]) => {
    const places = cuts.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b)
    return { pieces: [0, ...places].map((from, i) => bytes.subarray(from, places[i])) }
  })

/** Returns the target that sends them and counts the statuses. */
export function rawTarget({ numbers }: Servers, statuses: Map<number, number>): Target<RawBytes> {
  return {
    arbitrary,
    async check({ pieces }) {
      const { answers, rest } = await exchangeInTime(numbers, pieces)
      if (rest.length > 0) throw new Error(`what is no answer: ${rest.subarray(0, 200)}`)
      for (const answer of answers) {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        checkAnswer(answer)
      }
    },
    show: ({ pieces }) =>
      pieces.map((piece) => JSON.stringify(piece.toString('latin1'))).join(' then '),
    async first() {
      const wrong: string[] = []
      for (const { name, bytes, expected } of corpus) {
        const received = await exchangeInTime(numbers, [bytes]).catch(String)
        if (typeof received === 'string') {
          wrong.push(`${name}: ${received}`)
          continue
        }
        const { answers, rest, ms } = received
        const found = answers.map(({ status }) => status)
        const isRight = expected.some((list) => list.join() === found.join())
        if (isRight && rest.length === 0) continue
        wrong.push(
          `${name}: ${found.join(' ') || 'no answer'} in ${ms.toFixed(0)} ms, expected ${expected.map((list) => list.join(' ') || 'none').join(' or ')}`,
        )
      }
      return wrong
    },
  }
}
