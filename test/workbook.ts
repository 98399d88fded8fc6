/** Spreadsheets as small as they can be. */
import { strToU8, zipSync } from 'fflate/browser'

/** A workbook of one sheet, as small as one can be; style 1 is a date. */
export function workbook(sheetData: string): Uint8Array {
  const open = 'http://schemas.openxmlformats.org'
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${open}/officeDocument/2006/relationships/${type}" Target="${target}"/>`
  const relations = (inner: string) =>
    `<Relationships xmlns="${open}/package/2006/relationships">${inner}</Relationships>`
  const main = `xmlns="${open}/spreadsheetml/2006/main"`
  return zipSync({
    '[Content_Types].xml': strToU8('<Types/>'),
    '_rels/.rels': strToU8(relations(relation('a', 'officeDocument', 'xl/workbook.xml'))),
    'xl/workbook.xml': strToU8(
      `<workbook ${main} xmlns:r="${open}/officeDocument/2006/relationships"><sheets><sheet name="People" sheetId="1" r:id="s"/></sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': strToU8(
      relations(
        relation('s', 'worksheet', 'worksheets/sheet1.xml') + relation('t', 'styles', 'styles.xml'),
      ),
    ),
    'xl/styles.xml': strToU8(
      `<styleSheet ${main}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
    ),
    'xl/worksheets/sheet1.xml': strToU8(
      `<worksheet ${main}><sheetData>${sheetData}</sheetData></worksheet>`,
    ),
  })
}

/** The XML of a cell that holds a text. */
export const textCell = (at: string, text: string) =>
  `<c r="${at}" t="inlineStr"><is><t>${text}</t></is></c>`
