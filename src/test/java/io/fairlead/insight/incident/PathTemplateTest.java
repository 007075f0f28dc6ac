package io.fairlead.insight.incident;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathTemplateTest {
  @ParameterizedTest
  @CsvSource({
    "/, /",
    "/orders/4711/items, /orders/*/items",
    "/orders/4712/items, /orders/*/items",
    "/v1/users, /v1/users",
    "/api/items, /api/items",
    "/img/deadbeef01, /img/*",
    "/img/facade, /img/facade", // no digit: a word
    "/doc/0b8c2a5e-77f1-4f0e-9a53-1f0d2c3b4a59/edit, /doc/*/edit",
    "/a/b/c/d/e/f/g/h, /a/b/c/d/e/f/…",
    "/x/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, /x/*"
  })
  void whatVariesIsTakenOut(String path, String template) {
    byte[] bytes = path.getBytes(UTF_8);
    assertThat(PathTemplate.of(bytes, 0, bytes.length)).isEqualTo(template);
    byte[] same = template.replace("*", "77").getBytes(UTF_8);
    if (!template.endsWith("…")) {
      assertThat(PathTemplate.hash(bytes, 0, bytes.length))
          .isEqualTo(PathTemplate.hash(same, 0, same.length));
    }
    byte[] other = (path + "/other").getBytes(UTF_8);
    assertThat(
            template.endsWith("…")
                || PathTemplate.hash(bytes, 0, bytes.length)
                    != PathTemplate.hash(other, 0, other.length))
        .isTrue();
  }
}
