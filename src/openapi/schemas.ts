import * as z from 'zod'

/** JSON Schema 2020-12, which is what OpenAPI 3.1 speaks. */
export type JsonSchema = z.core.JSONSchema.BaseSchema

type Direction = 'input' | 'output'

/** Turns zod schemas into JSON Schemas; those with an id are gathered in `components`, by that id. */
export function schemaWriter() {
  const components: Record<string, JsonSchema> = {}

  function write(schema: z.ZodType, io: Direction): JsonSchema {
    // As a property, a schema with an id becomes a reference too.
    const { $defs = {}, properties } = z.toJSONSchema(z.object({ schema }), {
      io,
      override: (context) => simplify(context, io),
    })
    for (const [id, { id: _, ...definition }] of Object.entries($defs)) {
      components[id] = intoComponents(definition)
    }
    const written = properties?.schema
    return typeof written === 'object' ? intoComponents(written) : {}
  }
  return { components, write }
}

/** Says in one keyword what zod says in several, and of a pipe what it accepts in the end. */
function simplify(
  { zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: JsonSchema },
  io: Direction,
): void {
  const { def } = zodSchema._zod
  if (io === 'input' && def.type === 'pipe' && def.out._zod.def.type !== 'transform') {
    replace(jsonSchema, {
      ...z.toJSONSchema(def.out, { io, override: (context) => simplify(context, io) }),
      ...z.globalRegistry.get(zodSchema),
    })
    delete jsonSchema.$schema
  }

  // Zod takes examples and defaults for those of the value that comes out, so it leaves them out here.
  if (io === 'input') {
    const examples = z.globalRegistry.get(zodSchema)?.examples
    if (Array.isArray(examples)) jsonSchema.examples = examples
    if (def.type === 'default') jsonSchema.default = def.defaultValue
    if (def.type === 'object') jsonSchema.required = requiredKeys(def.shape)
  }
  if (def.type === 'nullable') {
    const { anyOf: [inner = {}] = [], ...about } = jsonSchema
    if (inner.type && !inner.enum) {
      replace(jsonSchema, { ...inner, ...about, type: [inner.type, 'null'] })
    }
  }
  if (jsonSchema.type === 'integer') {
    if (jsonSchema.exclusiveMinimum !== undefined) {
      jsonSchema.minimum = Number(jsonSchema.exclusiveMinimum) + 1
      delete jsonSchema.exclusiveMinimum
    }
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) {
      delete jsonSchema.maximum
      jsonSchema.format = 'int64'
    }
  }
  // The format says it already, and a pattern that counts leap years tells nobody anything.
  if (jsonSchema.format === 'date') delete jsonSchema.pattern
}

/** The keys that may not be left out: those whose schema refuses that. */
const requiredKeys = (shape: z.core.$ZodShape) =>
  Object.keys(shape).filter((key) => {
    const field = shape[key]
    return field && !z.safeParse(field, undefined).success
  })

function replace(target: Record<string, unknown>, source: Record<string, unknown>): void {
  for (const key of Object.keys(target)) delete target[key]
  Object.assign(target, source)
}

/** The same with its references pointing to the document's components. */
function intoComponents<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'))
}

/** An example of what the schema allows: the one it gives itself, or one put together from its parts. */
export function exampleOf(schema: JsonSchema, components: Record<string, JsonSchema>): unknown {
  if (schema.$ref !== undefined) {
    return exampleOf(
      components[schema.$ref.slice('#/components/schemas/'.length)] ?? {},
      components,
    )
  }
  if (schema.examples?.length) return schema.examples[0]
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const [first] = schema.anyOf ?? schema.oneOf ?? []
  if (first) return exampleOf(asSchema(first), components)
  if (schema.type === 'array') return [exampleOf(asSchema(schema.items), components)]
  if (schema.type === 'object') {
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([key, property]) => [
        key,
        exampleOf(asSchema(property), components),
      ]),
    )
  }
  return schema.minimum ?? undefined
}

const asSchema = (schema: z.core.JSONSchema._JSONSchema | unknown[] | undefined): JsonSchema =>
  typeof schema === 'object' && !Array.isArray(schema) ? schema : {}
