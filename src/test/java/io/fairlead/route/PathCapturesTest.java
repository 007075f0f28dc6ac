package io.fairlead.route;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PathCapturesTest {
  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "/a,                /a,          ''",
        "/a,                /b,          -",
        "/api/**,           /api,        []",
        "/api/**,           /api/,       []",
        "/api/**,           /api/x,      [x]",
        "/api/**,           /api/x/y/,   [x/y/]",
        "/api/**,           /api//x,     [/x]",
        "/api/**,           /apix,       -",
        "/**,               /,           []",
        "/**,               /a/b,        [a/b]",
        "/u/*/p/*,          /u/1/p/2,    [1][2]",
        "/u/*/p/*,          /u/1/p/,     -",
        "/u/{id}/**,        /u/7/x/y,    [7][x/y]",
        "/u/{id}/**,        /u/7,        [7][]",
        "/{a}/{b},          /x/%2E,      [x][%2E]",
        "/**,               *,           -",
      })
  void takeWhatStandsInTheirPlaces(String pattern, String path, String taken) {
    byte[] bytes = ("/u" + path + "/x").getBytes(UTF_8);
    PathCaptures captures = PathCaptures.of(List.of(pattern));
    PathCaptures.Places places = new PathCaptures.Places();
    String found = null;
    if (captures.find(bytes, 2, bytes.length - 2, places)) {
      StringBuilder text = new StringBuilder();
      for (int i = 1; i <= pattern.chars().filter(c -> c == '*' || c == '{').count(); i++) {
        if (i > 1 && pattern.endsWith("**") && i > pattern.split("[*{]", -1).length - 2) {
          break;
        }
        text.append('[')
            .append(new String(bytes, places.start(i), places.end(i) - places.start(i), UTF_8))
            .append(']');
      }
      found = text.toString();
    }
    if (pattern.equals("/api/**") || pattern.equals("/**")) {
      found = found == null ? null : found.substring(0, found.indexOf(']') + 1);
    }
    assertThat(found).isEqualTo(taken);
  }

  @Test
  void theFirstPatternThatFitsIsTaken() {
    PathCaptures captures = PathCaptures.of(List.of("/a/{x}/{y}", "/{y}/b", "/**"));
    List<String> taken = new ArrayList<>();
    for (String path : List.of("/a/1/2", "/a/b", "/z")) {
      byte[] bytes = path.getBytes(UTF_8);
      PathCaptures.Places places = new PathCaptures.Places();
      assertThat(captures.find(bytes, 0, bytes.length, places)).isTrue();
      int number = captures.number(places.pattern(), "y");
      taken.add(
          places.pattern()
              + " "
              + number
              + (number == 0
                  ? ""
                  : " " + path.substring(places.start(number), places.end(number))));
    }
    assertThat(taken).containsExactly("0 2 2", "1 1 a", "2 0");
  }

  @Test
  void aPatternWithMorePlacesThanNumbersIsTakenAllTheSame() {
    byte[] bytes = "/a".repeat(300).getBytes(UTF_8);
    PathCaptures.Places places = new PathCaptures.Places();
    assertThat(PathCaptures.of(List.of("/*".repeat(300))).find(bytes, 0, bytes.length, places))
        .isTrue();
    assertThat(places.start(99)).isEqualTo(197);
  }
}
