import { z } from 'zod'

// The page may not make code from text. Zod would, and has to be told before the first schema is made.
z.config({ jitless: true })
