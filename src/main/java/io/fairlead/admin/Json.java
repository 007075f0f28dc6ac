package io.fairlead.admin;

import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON in and out: records in the order of their components, bodies with bounded nesting. */
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(32).build())
                  .build())
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .build();

  private Json() {}

  static byte[] bytes(Object value) {
    return MAPPER.writeValueAsBytes(value);
  }

  static String pretty(Object value) {
    return MAPPER
            .writer()
            .with(SerializationFeature.INDENT_OUTPUT)
            .writeValueAsString(value)
            .replace("\r\n", "\n")
        + "\n";
  }

  /** What was written by ourselves. */
  static JsonNode tree(String json) {
    return MAPPER.readTree(json);
  }

  /** What is JSON for certain. */
  static JsonNode tree(byte[] json) {
    return MAPPER.readTree(json);
  }

  /** The object in the body; an empty body is an empty object. */
  static JsonNode object(String body) {
    if (body.isBlank()) {
      return MAPPER.createObjectNode();
    }
    JsonNode node;
    try {
      node = MAPPER.readTree(body);
    } catch (JacksonException e) {
      throw Refusal.of(400, "The body is not JSON: " + e.getOriginalMessage());
    }
    if (node == null || !node.isObject()) {
      throw Refusal.of(400, "The body must be a JSON object.");
    }
    return node;
  }
}
