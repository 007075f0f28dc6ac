package io.fairlead.proxy.http;

import io.fairlead.proxy.http.CorpusCase.Answer;
import io.fairlead.proxy.http.CorpusCase.Ending;
import io.fairlead.proxy.http.CorpusCase.Expected;
import io.fairlead.proxy.http.CorpusCase.Item;
import io.fairlead.proxy.http.CorpusCase.NodeConnection;
import io.fairlead.proxy.http.CorpusCase.NodeRule;
import io.fairlead.proxy.http.CorpusCase.Outcome;
import io.fairlead.proxy.http.CorpusCase.Step;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads corpus files; the format is described in {@code corpus/README.md}. */
final class CorpusFile {

  private final String file;
  private final List<CorpusCase> cases = new ArrayList<>();
  private int lineNumber;

  /** The case being read; null before the first. */
  private @Nullable Draft draft;

  private CorpusFile(String file) {
    this.file = file;
  }

  /** All cases of all {@code .http} files in a folder, in the order of their names. */
  static List<CorpusCase> readAll(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(path -> path.toString().endsWith(".http"))
          .sorted()
          .flatMap(path -> read(path).stream())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<CorpusCase> read(Path path) {
    try {
      return parse(path.getFileName().toString(), Files.readAllLines(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<CorpusCase> parse(String file, List<String> lines) {
    CorpusFile reader = new CorpusFile(file);
    try {
      for (String line : lines) {
        reader.lineNumber++;
        reader.accept(line);
      }
      reader.finishCase();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ":" + reader.lineNumber + ": " + e.getMessage(), e);
    }
    return reader.cases;
  }

  private void accept(String line) {
    if (!line.equals(line.stripTrailing())) {
      throw new IllegalArgumentException("white space at the end; write \\x20 or \\t");
    }
    if (line.startsWith("== ")) {
      finishCase();
      draft = new Draft(file + ":" + lineNumber, line.substring(3));
    } else if (draft != null) {
      draft.accept(line);
    } else if (!line.isEmpty() && !line.startsWith("#")) {
      throw new IllegalArgumentException("expected == NAME");
    }
  }

  private void finishCase() {
    if (draft != null) {
      cases.add(draft.finish());
    }
    draft = null;
  }

  /** A case while its lines are read. */
  private static final class Draft {
    private final String place;
    private final String name;
    private final StringBuilder why = new StringBuilder();
    private final List<Step> clientSends = new ArrayList<>();
    private final List<Answer> answers = new ArrayList<>();
    private final List<Expected> nodeGets = new ArrayList<>();
    private final List<Expected> clientGets = new ArrayList<>();
    private final List<Outcome> outcomes = new ArrayList<>();
    private NodeRule node = NodeRule.EXACT;
    private NodeConnection nodeConnection = NodeConnection.ANY;

    /** The kind of lines that the open block consists of, "" when none is open. */
    private String block = "";

    private Draft(String place, String name) {
      this.place = place;
      this.name = name;
    }

    void accept(String line) {
      int space = line.indexOf(' ');
      String kind = space < 0 ? line : line.substring(0, space);
      String text = space < 0 ? "" : line.substring(space + 1);
      switch (kind) {
        case "" -> {}
        case "#" -> why.append(text.startsWith("why: ") ? text.substring(5) : text).append(' ');
        case "--" -> block = "";
        case "C>" -> send(Escapes.unescape(text));
        case "C:" -> step(text);
        case "N>" -> answer(Escapes.unescape(text));
        case "N:" -> answerOption(text);
        case "N<", "N<+" -> expect("N<", nodeGets, text, kind.endsWith("+"));
        case "C<", "C<+" -> expect("C<", clientGets, text, kind.endsWith("+"));
        case "client:" -> {
          for (String alternative : text.split("\\|\\|", -1)) {
            outcomes.add(outcome(alternative.strip()));
          }
        }
        case "node:" -> nodeRule(text);
        default -> throw new IllegalArgumentException("what is " + kind + "?");
      }
    }

    CorpusCase finish() {
      return new CorpusCase(
          place,
          name,
          why.toString().strip(),
          List.copyOf(clientSends),
          List.copyOf(answers),
          node,
          List.copyOf(nodeGets),
          nodeConnection,
          List.copyOf(clientGets),
          List.copyOf(outcomes));
    }

    private void send(String bytes) {
      if (!clientSends.isEmpty() && clientSends.getLast() instanceof Step.Send(String before)) {
        clientSends.set(clientSends.size() - 1, new Step.Send(before + bytes));
      } else {
        clientSends.add(new Step.Send(bytes));
      }
    }

    private void step(String text) {
      clientSends.add(
          switch (text) {
            case "wait" -> new Step.Await();
            case "eof" -> new Step.HalfClose();
            default -> throw new IllegalArgumentException("C: wait|eof, not " + text);
          });
    }

    private void answer(String bytes) {
      Answer open = openAnswer();
      replace(new Answer(open.bytes() + bytes, open.start(), open.then()));
    }

    private void answerOption(String text) {
      Answer open = openAnswer();
      switch (text) {
        case "early" -> replace(new Answer(open.bytes(), Answer.Start.EARLY, open.then()));
        case "continue" -> replace(new Answer(open.bytes(), Answer.Start.CONTINUE, open.then()));
        case "close" -> replace(new Answer(open.bytes(), open.start(), Answer.Then.CLOSE));
        case "reset" -> replace(new Answer(open.bytes(), open.start(), Answer.Then.RESET));
        default -> throw new IllegalArgumentException("N: early|continue|close|reset, not " + text);
      }
    }

    private void replace(Answer answer) {
      answers.set(answers.size() - 1, answer);
    }

    private Answer openAnswer() {
      if (!block.equals("N>")) {
        block = "N>";
        answers.add(new Answer("", Answer.Start.AFTER_BODY, Answer.Then.KEEP));
      }
      return answers.getLast();
    }

    /** A line of an expected message: the first line, fields up to an empty one, then the body. */
    private void expect(String kind, List<Expected> messages, String text, boolean trailer) {
      String bytes = Escapes.unescape(text);
      boolean open = block.equals(kind) || block.equals(kind + "body");
      if (!open) {
        block = kind;
        messages.add(new Expected(bytes, List.of(), "", List.of()));
        return;
      }
      Expected last = messages.removeLast();
      if (trailer) {
        last = new Expected(last.start(), last.fields(), last.body(), and(last.trailers(), bytes));
      } else if (block.endsWith("body")) {
        last = new Expected(last.start(), last.fields(), last.body() + bytes, last.trailers());
      } else if (bytes.isEmpty()) {
        block = kind + "body";
      } else {
        last = new Expected(last.start(), and(last.fields(), bytes), last.body(), last.trailers());
      }
      messages.add(last);
    }

    private static List<Field> and(List<Field> fields, String line) {
      return Stream.concat(fields.stream(), line.lines().map(Field::of)).toList();
    }

    private void nodeRule(String text) {
      switch (text) {
        case "nothing" -> node = NodeRule.NOTHING;
        case "incomplete" -> node = NodeRule.INCOMPLETE;
        case "connection closed" -> nodeConnection = NodeConnection.CLOSED;
        case "connection reused" -> nodeConnection = NodeConnection.REUSED;
        default -> throw new IllegalArgumentException("what is node: " + text + "?");
      }
    }

    /** {@code 100, 200, 400 bad-request, close}. */
    private static Outcome outcome(String text) {
      List<String> parts = Arrays.stream(text.split(",", -1)).map(String::strip).toList();
      List<Item> items = parts.subList(0, parts.size() - 1).stream().map(Draft::item).toList();
      return new Outcome(items, Ending.valueOf(parts.getLast().toUpperCase(Locale.ROOT)));
    }

    private static Item item(String text) {
      String[] words = text.split(" ", 2);
      boolean repeated = words[0].endsWith("*");
      int status = Integer.parseInt(repeated ? words[0].substring(0, 3) : words[0]);
      Set<String> reasons = words.length == 1 ? null : Set.of(words[1].split("\\|", -1));
      return new Item(status, reasons, repeated);
    }
  }
}
