package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The schema takes what the reader takes, and refuses what a schema can refuse. */
final class ConfigSchemaTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private final JsonNode schema = MAPPER.readTree(ConfigSchema.json());

  @ParameterizedTest
  @MethodSource("io.fairlead.config.GoldenConfigTest#cases")
  void takesWhatTheReaderTakes(String name) throws IOException {
    String yaml = GoldenConfigTest.yaml(name);
    if (GoldenConfigTest.read(yaml) instanceof ConfigReader.Result.Accepted) {
      assertThat(fits(yaml)).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"minimal", "shop", "trusted-proxies", "routing", "rules", "overload"})
  void takesTheExamples(String name) throws IOException {
    assertThat(fits(Files.readString(Path.of("examples", name + ".yaml")))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "key-unknown-with-hint",
        "key-missing",
        "value-words",
        "value-names",
        "value-durations",
        "value-limits-below",
        "health-timeout-beside-another-problem",
        "match-methods",
        "match-conditions",
        "rules-wrong-actions",
        "rules-wrong-edits",
        "rules-wrong-limits"
      })
  void refusesWhatASchemaCanRefuse(String name) throws IOException {
    assertThat(fits(GoldenConfigTest.yaml(name + ".yaml"))).isFalse();
  }

  @Test
  void describesEveryKey() {
    assertThat(ConfigSchema.json()).contains("header-timeout").contains("2020-12");
    for (Key<?> key : Language.LIMITS.keys()) {
      JsonNode property = schema.at("/$defs/limits/properties/" + key.name());
      assertThat(property.get("description").asString()).startsWith(key.doc());
    }
  }

  private boolean fits(String yaml) {
    Object value = new Load(LoadSettings.builder().build()).loadFromString(yaml);
    return fits(schema, MAPPER.valueToTree(value));
  }

  // The keywords that the schema uses, as the specification defines them.
  private boolean fits(JsonNode rule, JsonNode value) {
    for (Map.Entry<String, JsonNode> keyword : rule.properties()) {
      JsonNode wanted = keyword.getValue();
      boolean holds =
          switch (keyword.getKey()) {
            case "$ref" -> fits(schema.at(wanted.asString().substring(1)), value);
            case "anyOf" -> wanted.valueStream().anyMatch(one -> fits(one, value));
            case "enum" ->
                wanted.valueStream().anyMatch(one -> one.asString().equals(value.asString("")));
            case "type" ->
                wanted.isArray()
                    ? wanted.valueStream().anyMatch(one -> isA(one.asString(), value))
                    : isA(wanted.asString(), value);
            case "pattern" ->
                !value.isString()
                    || Pattern.compile(wanted.asString()).matcher(value.asString()).find();
            case "minimum" -> !value.isNumber() || value.asLong() >= wanted.asLong();
            case "maximum" -> !value.isNumber() || value.asLong() <= wanted.asLong();
            case "items" -> value.valueStream().allMatch(one -> fits(wanted, one));
            case "required" -> wanted.valueStream().allMatch(key -> value.has(key.asString()));
            case "propertyNames" ->
                value.propertyNames().stream()
                    .allMatch(key -> fits(wanted, MAPPER.valueToTree(key)));
            case "properties" ->
                value.properties().stream()
                    .allMatch(entry ->
                        !wanted.has(entry.getKey())
                            || fits(wanted.get(entry.getKey()), entry.getValue()));
            case "additionalProperties" ->
                value.properties().stream()
                    .filter(entry ->
                        !rule.has("properties") || !rule.get("properties").has(entry.getKey()))
                    .allMatch(entry -> wanted.isObject() && fits(wanted, entry.getValue()));
            case "$schema", "$defs", "title", "description", "default" -> true;
            default -> throw new AssertionError("not a keyword of this test: " + keyword.getKey());
          };
      if (!holds) {
        return false;
      }
    }
    return true;
  }

  private static boolean isA(String type, JsonNode value) {
    return switch (type) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isString();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "boolean" -> value.isBoolean();
      default -> throw new AssertionError(type);
    };
  }
}
