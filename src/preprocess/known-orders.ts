/** Categories whose order is known from what they mean: sizes, months, answers of a scale, numbered levels, ranges. */

/** Orders of words; what means the same stands between bars. */
const orders: readonly (readonly string[])[] = [
  'january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sep|sept october|oct november|nov december|dec',
  'monday|mon tuesday|tue|tues wednesday|wed|weds thursday|thu|thur|thurs friday|fri saturday|sat sunday|sun',
  'xxs|2xs xs s m l xl xxl|2xl xxxl|3xl',
  'tiny|extra_small|very_small small medium|mid|middle|regular large|big extra_large|very_large|huge',
  'none|zero|no very_low|minimal low|mild|minor|light medium|moderate|mid|middle|average|normal high|severe|major|serious|heavy very_high|critical|extreme|urgent',
  'very_poor|very_bad|terrible poor|bad fair|average|ok|okay|acceptable good very_good premium|excellent|great ideal|perfect|outstanding',
  'strongly_disagree|totally_disagree|completely_disagree disagree somewhat_disagree|slightly_disagree neutral|neither|undecided|neither_agree_nor_disagree|not_sure somewhat_agree|slightly_agree agree strongly_agree|totally_agree|completely_agree',
  'very_dissatisfied|very_unsatisfied dissatisfied|unsatisfied somewhat_dissatisfied neutral|neither|neither_satisfied_nor_dissatisfied somewhat_satisfied satisfied very_satisfied',
  'very_unlikely unlikely neutral|neither likely very_likely',
  'never rarely|seldom|hardly_ever sometimes|occasionally often|frequently usually|mostly|very_often always',
  'daily weekly biweekly|fortnightly monthly quarterly yearly|annually|annual',
  'very_short short medium|average long|tall very_long|very_tall',
  'very_slow slow medium|normal|average fast very_fast',
  'freezing cold cool mild warm hot very_hot',
  'novice beginner|basic intermediate advanced expert',
  'junior|entry mid|intermediate|middle senior lead|principal',
  'bronze silver gold platinum diamond',
  'first|1st second|2nd third|3rd fourth|4th fifth|5th sixth|6th seventh|7th eighth|8th ninth|9th tenth|10th',
  'one two three four five six seven eight nine ten',
  'primary|elementary secondary|high_school tertiary|university|college',
  'no_education|none primary|elementary high_school|secondary|hs some_college associate|associates|associate_degree bachelor|bachelors|bachelor_degree|undergraduate|college master|masters|master_degree|graduate doctorate|phd|doctoral',
  'infant|baby child|toddler teen|teenager|adolescent young_adult|young adult middle_aged senior|elderly|old',
].map((line) => line.split(' '))

const ranks = orders.map(
  (order) =>
    new Map(order.flatMap((words, rank) => words.split('|').map((word) => [word, rank] as const))),
)

/** The first orders of the list begin again behind their end: the last is as near to the first as to the one before. */
const ROUND = 2

/** Whether categories have an order by their meaning that goes round, as months and weekdays do. */
export function goesRound(levels: readonly string[]): boolean {
  return ranks.slice(0, ROUND).some((rank) => levels.every((level) => rank.has(plain(level))))
}

/** Fewer categories than this have no order that matters: two can be told apart either way. */
const LEAST_LEVELS = 3
/** More are no scale. */
const MOST_LEVELS = 60
const MOST_CHARACTERS = 60

/**
 * Returns a column's categories in the order that they mean; undefined where one of them is in no known order, two
 * stand at the same place, or there are fewer than three.
 */
export function orderByMeaning(levels: readonly string[]): readonly string[] | undefined {
  if (levels.length < LEAST_LEVELS || levels.length > MOST_LEVELS) return undefined
  if (levels.some((level) => level.length > MOST_CHARACTERS)) return undefined
  const places = [...ranks.map((rank) => (level: string) => rank.get(plain(level))), ...numbered]
  for (const placeOf of places) {
    const placed = levels.map((level) => ({ level, place: placeOf(level) ?? Number.NaN }))
    if (placed.some(({ place }) => Number.isNaN(place))) continue
    if (new Set(placed.map(({ place }) => place)).size < levels.length) continue
    return placed.sort((a, b) => a.place - b.place).map(({ level }) => level)
  }
  return undefined
}

function plain(level: string): string {
  return level
    .toLowerCase()
    .replace(/['’.]/g, '')
    .trim()
    .replace(/[\s_-]+/g, '_')
}

const level =
  /^(?:level|lvl|grade|stage|step|tier|phase|class|rank|degree|q|quarter|year|wave|round|decile|quintile|quartile)[ _.-]?(\d{1,4})$/i
const item = /^(\d{1,3}) ?(?:[.):=]|[-–] ) ?[^\d\s]/
const range =
  /^\D{0,3}?(\d{1,9}(?:\.\d{1,6})?) ?(?:-|–|to|until|\.\.) ?\D{0,3}?(\d{1,9}(?:\.\d{1,6})?)\D{0,12}$/
const below = /^(?:<=?|under|below|less than|up to) ?\D?(\d{1,9}(?:\.\d{1,6})?)\D{0,12}$/i
const above = /^(?:>=?|over|above|more than) ?\D?(\d{1,9}(?:\.\d{1,6})?)\D{0,12}$/i
const more =
  /^\D?(\d{1,9}(?:\.\d{1,6})?) ?(?:\+|or more|and more|and over|and above|or older|plus)\D{0,12}$/i

/** Numbered levels, numbered items such as `1. low`, and ranges such as `18-25`, `65+`; each column is of one kind. */
const numbered: readonly ((text: string) => number | undefined)[] = [
  (text) => numberIn(level.exec(text)),
  (text) => numberIn(item.exec(text)),
  (text) => {
    const found = range.exec(text)
    if (found) return Number(found[1]) < Number(found[2]) ? Number(found[1]) : undefined
    const least = below.exec(text)
    // An open range stands before those that begin at its end, or behind those that end at its beginning.
    if (least) return Number(least[1]) - BEFORE
    const most = above.exec(text) ?? more.exec(text)
    return most ? Number(most[1]) + BEFORE : undefined
  },
]

const BEFORE = 1e-7

function numberIn(found: RegExpExecArray | null): number | undefined {
  return found ? Number(found[1]) : undefined
}
