import type { Http } from './http'
import type { CatalogueList, Download, Fit, FitQuestion, Machine, ModelFileList } from './model-types'

/** What the catalogue is narrowed down to; an empty value asks for everything. */
export interface CatalogueFilter {
  licence: string
  language: string
  vision: boolean
  fits: boolean
}

export const getMachine = (http: Http): Promise<Machine> => http.request('GET', '/api/machine')

export function getCatalogue(http: Http, filter: CatalogueFilter): Promise<CatalogueList> {
  const query = new URLSearchParams()
  if (filter.licence) query.set('licence', filter.licence)
  if (filter.language) query.set('language', filter.language)
  if (filter.vision) query.set('vision', 'true')
  if (filter.fits) query.set('fits', 'true')
  const written = query.toString()
  return http.request('GET', `/api/catalogue${written ? `?${written}` : ''}`)
}

export const estimateFit = (http: Http, question: FitQuestion): Promise<Fit> => http.request('POST', '/api/fit', question)

export const listModelFiles = (http: Http): Promise<ModelFileList> => http.request('GET', '/api/model-files')
export const downloadModelFile = (http: Http, fields: { repo: string; file: string; sha256?: string }): Promise<Download> =>
  http.request('POST', '/api/model-files/download', fields)
export const removeModelFile = (http: Http, name: string): Promise<void> => http.request('DELETE', `/api/model-files/${encodeURIComponent(name)}`)
