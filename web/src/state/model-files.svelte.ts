import { problemOf, type Http } from '../api/http'
import type { Download, ModelFile, ModelFileList } from '../api/model-types'
import type { Problem } from '../api/types'
import { downloadModelFile, listModelFiles, removeModelFile } from '../api/weights'

const POLL_MS = 1000

/** The model files of this installation, and the downloads that bring more. */
export class ModelFiles {
  #http: Http
  #list = $state.raw<ModelFileList | null>(null)
  #problem = $state.raw<Problem | null>(null)

  constructor(http: Http) {
    this.#http = http
  }

  get files(): readonly ModelFile[] {
    return this.#list?.files ?? []
  }
  get downloads(): readonly Download[] {
    return this.#list?.downloads.filter((download) => download.status !== 'done') ?? []
  }
  /** Whether the administrator has switched downloads on. */
  get mayDownload(): boolean {
    return this.#list?.downloads_enabled ?? false
  }
  get isLoaded(): boolean {
    return this.#list !== null
  }
  get isDownloading(): boolean {
    return this.downloads.some((download) => download.status === 'running')
  }
  get problem(): Problem | null {
    return this.#problem
  }

  async load(): Promise<void> {
    try {
      this.#list = await listModelFiles(this.#http)
      this.#problem = null
    } catch (error) {
      this.#problem = problemOf(error)
    }
  }

  async download(fields: { repo: string; file: string; sha256?: string }): Promise<Problem | null> {
    return this.#act(async () => {
      await downloadModelFile(this.#http, fields)
    })
  }

  /** Removes a file, or stops its download. */
  async remove(name: string): Promise<Problem | null> {
    return this.#act(() => removeModelFile(this.#http, name))
  }

  /** Follows what is being downloaded while somebody looks; returns the way to stop. */
  poll(): () => void {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && this.isDownloading) void this.load()
    }, POLL_MS)
    return () => clearInterval(timer)
  }

  async #act(act: () => Promise<void>): Promise<Problem | null> {
    try {
      await act()
    } catch (error) {
      return problemOf(error)
    }
    await this.load()
    return null
  }
}
