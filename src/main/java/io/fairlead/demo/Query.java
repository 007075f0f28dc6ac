package io.fairlead.demo;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The query of a target, read loosely: {@code ?hang&slow-body=100}. Percent signs are decoded, a
 * plus stays a plus.
 *
 * @param pairs in the order sent; a name without {@code =} has the empty value
 */
record Query(List<Pair> pairs) {
  record Pair(String name, String value) {}

  static final Query NONE = new Query(List.of());

  static Query of(String target) {
    int start = target.indexOf('?');
    if (start < 0) {
      return NONE;
    }
    List<Pair> pairs = new ArrayList<>();
    for (String pair : target.substring(start + 1).split("&", -1)) {
      int equals = pair.indexOf('=');
      pairs.add(
          equals < 0
              ? new Pair(decode(pair), "")
              : new Pair(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1))));
    }
    return new Query(List.copyOf(pairs));
  }

  Optional<String> first(String name) {
    return pairs.stream().filter(pair -> pair.name().equals(name)).map(Pair::value).findFirst();
  }

  List<String> all(String name) {
    return pairs.stream().filter(pair -> pair.name().equals(name)).map(Pair::value).toList();
  }

  boolean flag(String name) {
    return first(name).map(value -> Behaviour.flag(name, value)).orElse(false);
  }

  private static String decode(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < text.length(); i++) {
      int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
      int low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
      if (text.charAt(i) == '%' && high >= 0 && low >= 0) {
        out.write(high * 16 + low);
        i += 2;
      } else {
        out.write(text.charAt(i));
      }
    }
    return out.toString(StandardCharsets.ISO_8859_1);
  }
}
