import type { ExampleSetOutline, Summary, SummaryList, Tree } from './conversation-types'
import type { Http } from './http'
import type { Message } from './types'

export const listSummaries = (http: Http, chatId: string): Promise<SummaryList> => http.request('GET', `/api/chats/${chatId}/summaries`)

/** Asks for a summary now; it is written in the background. */
export const askForSummary = (http: Http, chatId: string): Promise<void> => http.request('POST', `/api/chats/${chatId}/summaries`)

export const changeSummary = (http: Http, summaryId: string, changes: { text?: string; active?: boolean }): Promise<Summary> =>
  http.request('PATCH', `/api/summaries/${summaryId}`, changes)

export const listExampleSets = async (http: Http): Promise<ExampleSetOutline[]> =>
  (await http.request<{ sets: ExampleSetOutline[] }>('GET', '/api/examples')).sets

export const getTree = (http: Http, chatId: string): Promise<Tree> => http.request('GET', `/api/chats/${chatId}/tree`)

export const getMessage = (http: Http, messageId: string): Promise<Message> => http.request('GET', `/api/messages/${messageId}`)
