/** What lies beside a model for people: it belongs to the model whose id it names, and nothing reads it back. */
export const CARD_FILE = 'MODEL_CARD.md'
export const REPORT_FILE = 'report.html'

export const paperFiles: readonly string[] = [CARD_FILE, REPORT_FILE]

/** Texts by the names of their files. */
export type Papers = Partial<Record<typeof CARD_FILE | typeof REPORT_FILE, string>>
