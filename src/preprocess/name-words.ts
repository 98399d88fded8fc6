/** The words of a column's name: `PassengerId`, `passenger_id` and `Passenger ID` have the same two. */

/** Returns the words of a name in lower case. */
export function wordsOf(name: string): string[] {
  return name
    .slice(0, 200)
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
    .filter(Boolean)
}

const codes = new Set('zip zipcode postal postcode plz code codes cd fips naics sic icd'.split(' '))

const levels = new Set(
  'grade stage level lvl score rating rank degree severity tier count'.split(' '),
)

/** Whether a column is called as levels and counts are, such as `grade` or `pain_level`: its numbers have an order. */
export function isNamedLikeLevel(name: string): boolean {
  const words = wordsOf(name)
  return levels.has(words.at(-1) ?? '') || (words.length > 1 && words[0] === 'num')
}

/** Whether a column is called as codes are, such as `zip code` or `area_cd`: its numbers name things and count nothing. */
export function isNamedLikeCode(name: string): boolean {
  const words = wordsOf(name)
  return (
    codes.has(words.at(-1) ?? '') || words.some((word) => /^(?:zip|zipcode|postal)$/.test(word))
  )
}
