import packageJson from '../package.json' with { type: 'json' }

export interface Built {
  version: string
  /** By whose signature an upgrade is taken: an Ed25519 key, SPKI in DER, base64. Undefined: nobody's. */
  upgradeKey: string | undefined
}

/** What was decided when this agent was built: `npm run build:agent` puts its own in the place of this module. */
export const built: Built = { version: packageJson.version, upgradeKey: undefined }
