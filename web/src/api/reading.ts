/** What only the library and the page of a document ask for; the first view does without it. */
import { asked, documentPath as path } from './documents'
import type { Http } from './http'
import type { Entity, FoundPlaces, PageWords } from './library-types'
import type { ChatDocument, Figure, ListedDocument } from './types'

/** The members of an archive, the attachments of a letter. */
export const getParts = async (http: Http, documentId: string): Promise<ListedDocument[]> =>
  (await http.request<{ documents: ListedDocument[] }>('GET', `${path(documentId)}/parts`)).documents
export const rereadDocument = (http: Http, documentId: string): Promise<ChatDocument> => http.request('POST', `${path(documentId)}/reread`)
export const cancelDocument = (http: Http, documentId: string): Promise<ChatDocument> => http.request('POST', `${path(documentId)}/cancel`)
/** The address of the bytes as they were taken in. */
export const fileAddress = (documentId: string): string => `${path(documentId)}/file`

export const getWords = (http: Http, documentId: string, page: number | null): Promise<PageWords> => http.request('GET', `${path(documentId)}/words${asked({ page })}`)
export const findInDocument = (http: Http, documentId: string, text: string, limit: number): Promise<FoundPlaces> =>
  http.request('GET', `${path(documentId)}/find${asked({ text, limit })}`)

const figurePath = (documentId: string, figure: Pick<Figure, 'page' | 'number'>, what: string): string =>
  `${path(documentId)}/figures/${figure.number}/${what}${asked({ page: figure.page })}`
export const figureAddress = (documentId: string, figure: Pick<Figure, 'page' | 'number'>): string => figurePath(documentId, figure, 'image')
/** A model may have to be loaded before it looks. */
const LOOK_TIMEOUT_MS = 120_000
export const describeFigure = (http: Http, documentId: string, figure: Figure): Promise<Figure> => http.request('POST', figurePath(documentId, figure, 'describe'), {})
export const getEntities = async (http: Http, documentId: string, figure: Figure): Promise<Entity[]> =>
  (await http.request<{ entities: Entity[] }>('GET', figurePath(documentId, figure, 'entities'))).entities
export const findEntities = async (http: Http, documentId: string, figure: Figure): Promise<Entity[]> =>
  (await http.request<{ entities: Entity[] }>('POST', figurePath(documentId, figure, 'entities'), {}, {}, LOOK_TIMEOUT_MS)).entities

