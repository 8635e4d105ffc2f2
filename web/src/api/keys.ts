import type { Http } from './http'

export const SCOPES = ['models', 'chat', 'embeddings', 'app'] as const
/** What a key opens: the list of models, answers, vectors, or everything that the page can do. */
export type Scope = (typeof SCOPES)[number]

export interface ApiKey {
  id: string
  name: string
  prefix: string
  scopes: Scope[]
  state: 'active' | 'expired' | 'revoked'
  created_at: string
  expires_at: string | null
  requests_per_minute: number | null
  tokens_per_day: number | null
  tokens_today: number
  last_used_at: string | null
}

export interface NewKey {
  name: string
  scopes: Scope[]
  expires_at?: string
  requests_per_minute?: number
  tokens_per_day?: number
}

export const listKeys = async (http: Http): Promise<ApiKey[]> => (await http.request<{ keys: ApiKey[] }>('GET', '/api/keys')).keys
export const createKey = (http: Http, fields: NewKey): Promise<{ key: ApiKey; secret: string }> => http.request('POST', '/api/keys', fields)
export const revokeKey = (http: Http, keyId: string): Promise<void> => http.request('DELETE', `/api/keys/${keyId}`)
