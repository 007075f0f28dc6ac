package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Whoever adds a key shows it in a file of {@code examples/} (which {@code ExamplesTest} starts)
 * and what is said of a wrong value in a file of {@code src/test/resources/config}.
 */
final class EveryKeyTest {
  private static final Path EXAMPLES = Path.of("examples");
  private static final Pattern PROBLEM =
      Pattern.compile("(?m)^f\\.yaml:\\d+:\\d+: ([^ ]+): (?!unknown key)");
  private static final Pattern TOKEN = Pattern.compile("\\[\\d+\\]|[^.\\[]+");

  @Test
  void anExampleUsesIt() throws IOException {
    Set<String> unused = all();
    for (Path file : files(EXAMPLES)) {
      Object tree = new Load(LoadSettings.builder().build()).loadFromString(Files.readString(file));
      use(Language.FILE, tree, unused);
    }
    assertThat(unused).as("keys that no file in examples/ uses").isEmpty();
  }

  @Test
  void aWrongValueIsRefused() throws IOException {
    Set<String> never = all();
    for (Path file : files(GoldenConfigTest.FOLDER)) {
      String text = Files.readString(file);
      Matcher problem = PROBLEM.matcher(text.substring(text.indexOf(GoldenConfigTest.DASHES)));
      while (problem.find()) {
        List<String> tokens =
            TOKEN.matcher(problem.group(1)).results().map(r -> r.group()).toList();
        List<String> onTheWay = new ArrayList<>();
        if (follow(Language.FILE, tokens, onTheWay)) {
          onTheWay.forEach(never::remove);
        }
      }
    }
    assertThat(never)
        .as("keys for which no file in %s shows a refusal", GoldenConfigTest.FOLDER)
        .isEmpty();
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
    }
  }

  /** OBJECT.KEY of the whole language. */
  private static Set<String> all() {
    Set<String> names = new TreeSet<>();
    collect(Language.FILE, names);
    assertThat(names).hasSizeGreaterThan(80);
    return names;
  }

  private static void collect(Shape<?> shape, Set<String> names) {
    switch (shape) {
      case Scalar<?> _ -> {}
      case ListOf<?> list -> collect(list.element(), names);
      case MapOf<?> map -> collect(map.value(), names);
      case Obj<?> object -> {
        for (Key<?> key : object.keys()) {
          if (names.add(name(object, key))) {
            collect(key.shape(), names);
          }
        }
      }
    }
  }

  private static String name(Obj<?> object, Key<?> key) {
    return object.kind() + "." + key.name();
  }

  /** Crosses off what the value says. */
  private static void use(Shape<?> shape, Object value, Set<String> unused) {
    switch (shape) {
      case Scalar<?> _ -> {}
      case ListOf<?> list -> {
        if (value instanceof List<?> many) {
          many.forEach(one -> use(list.element(), one, unused));
        } else {
          use(list.element(), value, unused);
        }
      }
      case MapOf<?> map -> {
        if (value instanceof Map<?, ?> entries) {
          entries.values().forEach(one -> use(map.value(), one, unused));
        }
      }
      case Obj<?> object -> {
        for (Key<?> key : object.keys()) {
          if (value instanceof Map<?, ?> entries && entries.containsKey(key.name())) {
            unused.remove(name(object, key));
            use(key.shape(), entries.get(key.name()), unused);
          }
        }
      }
    }
  }

  /** Finds the keys that a path leads through; names that are free may have dots in them. */
  private static boolean follow(Shape<?> shape, List<String> path, List<String> onTheWay) {
    if (path.isEmpty()) {
      return true;
    }
    List<String> rest = path.subList(1, path.size());
    return switch (shape) {
      case Scalar<?> _ -> false;
      case ListOf<?> list ->
          follow(list.element(), path.getFirst().startsWith("[") ? rest : path, onTheWay);
      case MapOf<?> map -> {
        for (int length = 1; length <= path.size(); length++) {
          int before = onTheWay.size();
          if (follow(map.value(), path.subList(length, path.size()), onTheWay)) {
            yield true;
          }
          onTheWay.subList(before, onTheWay.size()).clear();
        }
        yield false;
      }
      case Obj<?> object -> {
        for (Key<?> key : object.keys()) {
          if (key.name().equals(path.getFirst())) {
            onTheWay.add(name(object, key));
            yield follow(key.shape(), rest, onTheWay);
          }
        }
        yield false;
      }
    };
  }
}
