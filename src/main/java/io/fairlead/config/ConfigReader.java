package io.fairlead.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/**
 * YAML to {@link FairleadConfig}, or to everything that is wrong with it at once.
 *
 * <p>Reads nothing but the text, the environment as given, and the files that secrets name.
 */
public final class ConfigReader {
  /** Problems of one file that are told; how many more there are is said in one further. */
  static final int MAX_PROBLEMS = 1000;

  private ConfigReader() {}

  /** What became of a text. */
  public sealed interface Result {
    /**
     * Right in every respect.
     *
     * @param config what it says
     * @param text as it was read
     */
    record Accepted(FairleadConfig config, String text) implements Result {}

    /**
     * Wrong in at least one.
     *
     * @param problems all of them by position
     */
    record Refused(List<Problem> problems) implements Result {
      public Refused {
        problems = List.copyOf(problems);
      }
    }
  }

  /**
   * One thing that is wrong.
   *
   * @param source name of the file
   * @param line from 1
   * @param column from 1, in characters
   * @param path keys to the value; empty: the file as a whole
   * @param rule what must be
   * @param was the value as it stands in the file, unless it is a secret or does not help
   */
  public record Problem(
      String source, int line, int column, String path, String rule, @Nullable String was) {
    @Override
    public String toString() {
      return source
          + ":"
          + line
          + ":"
          + column
          + ": "
          + (path.isEmpty() ? "" : path + ": ")
          + rule
          + (was == null ? "" : " (was " + was + ")");
    }
  }

  /**
   * A problem that was found after the text had been read, at its place in it.
   *
   * @param source name of the file
   * @param text that was accepted
   * @param path keys and names; where there is no such value, the last of those around it is meant
   * @param rule what must be
   * @param was the value as it stands in the file, unless it does not help
   */
  public static Problem problemAt(
      String source, String text, List<String> path, String rule, @Nullable String was) {
    Node place = null;
    try {
      place = YamlText.compose(text);
    } catch (YamlText.Unreadable _) {
      // It has been read before: at least it can be said what is wrong.
    }
    for (int i = 0; i < path.size() && place != null; i++) {
      Node inner = inner(place, path.get(i));
      if (inner == null) {
        break;
      }
      place = inner;
    }
    Mark mark = place == null ? null : place.getStartMark().orElse(null);
    return new Problem(
        source,
        mark == null ? 1 : mark.getLine() + 1,
        mark == null ? 1 : mark.getColumn() + 1,
        Require.join(path),
        rule,
        was);
  }

  private static @Nullable Node inner(Node around, String segment) {
    if (around instanceof MappingNode mapping) {
      for (NodeTuple entry : mapping.getValue()) {
        if (entry.getKeyNode() instanceof ScalarNode key && key.getValue().equals(segment)) {
          return entry.getValueNode();
        }
      }
    }
    return null;
  }

  /** Reads a file with the environment of this process. */
  public static Result readFile(Path file) {
    return readFile(file, System::getenv);
  }

  static Result readFile(Path file, Function<String, @Nullable String> env) {
    return result(parseFile(file, env, INSTANCE));
  }

  /**
   * What a file as a whole may be.
   *
   * @param needs what must be in it, for people
   * @param read the value, or null after its problems have been noted
   */
  record Root<T>(String needs, BiFunction<TreeReader, Node, @Nullable T> read) {}

  /**
   * What a text says, as far as it is right.
   *
   * @param value null if there is any problem
   */
  record Parsed<T>(@Nullable T value, String text, List<Problem> problems) {}

  private static final Root<FairleadConfig> INSTANCE =
      new Root<>("listeners and services", TreeReader::file);

  private static Result result(Parsed<FairleadConfig> parsed) {
    FairleadConfig config = parsed.value();
    return config == null
        ? new Result.Refused(parsed.problems())
        : new Result.Accepted(config, parsed.text());
  }

  static <T> Parsed<T> parseFile(Path file, Function<String, @Nullable String> env, Root<T> what) {
    String source = file.toString();
    Path parent = file.toAbsolutePath().getParent();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(YamlText.MAX_LENGTH + 1);
      if (bytes.length > YamlText.MAX_LENGTH) {
        return refused(source, "must be at most " + Units.size(YamlText.MAX_LENGTH));
      }
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return parse(source, text, parent == null ? Path.of("") : parent, env, what);
    } catch (NoSuchFileException e) {
      return refused(source, "cannot be read: there is no such file");
    } catch (AccessDeniedException e) {
      return refused(source, "cannot be read: access denied");
    } catch (CharacterCodingException e) {
      return refused(source, "must be UTF-8 text");
    } catch (IOException e) {
      return refused(
          source, "cannot be read" + (Files.isDirectory(file) ? ": it is a folder" : ""));
    }
  }

  /**
   * Reads a text.
   *
   * @param source what messages call it
   * @param yaml the text
   * @param baseDir folder that relative paths are relative to
   * @param env the environment for {@code ${NAME}}
   */
  public static Result read(
      String source, String yaml, Path baseDir, Function<String, @Nullable String> env) {
    return result(parse(source, yaml, baseDir, env, INSTANCE));
  }

  static <T> Parsed<T> parse(
      String source,
      String yaml,
      Path baseDir,
      Function<String, @Nullable String> env,
      Root<T> what) {
    Node root;
    try {
      root = YamlText.compose(yaml);
    } catch (YamlText.Unreadable e) {
      return new Parsed<>(
          null, yaml, List.of(new Problem(source, e.line(), e.column(), "", e.rule(), null)));
    }
    if (root == null) {
      return refused(source, "must not be empty: it needs " + what.needs());
    }
    TreeReader reader = new TreeReader(source, baseDir, env);
    T value = what.read().apply(reader, root);
    // The reader and the record of the file may have found the same.
    List<Problem> problems = new ArrayList<>(new LinkedHashSet<>(reader.problems()));
    if (value != null && problems.isEmpty()) {
      return new Parsed<>(value, yaml, problems);
    }
    problems.sort(
        Comparator.comparingInt(Problem::line)
            .thenComparingInt(Problem::column)
            .thenComparing(Problem::path)
            .thenComparing(Problem::rule));
    if (problems.size() > MAX_PROBLEMS) {
      Problem next = problems.get(MAX_PROBLEMS);
      String rule = "and " + (problems.size() - MAX_PROBLEMS) + " more problems from here";
      Problem more = new Problem(source, next.line(), next.column(), "", rule, null);
      problems.subList(MAX_PROBLEMS, problems.size()).clear();
      problems.add(more);
    }
    return new Parsed<>(null, yaml, problems);
  }

  private static <T> Parsed<T> refused(String source, String rule) {
    return new Parsed<>(null, "", List.of(new Problem(source, 1, 1, "", rule, null)));
  }
}
