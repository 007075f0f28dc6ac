package io.fairlead.config;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.Parser;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.resolver.ScalarResolver;
import org.snakeyaml.engine.v2.scanner.StreamReader;
import org.snakeyaml.engine.v2.schema.JsonSchema;
import org.snakeyaml.engine.v2.schema.Schema;

/** YAML text to one tree of nodes with positions, within bounds. */
final class YamlText {
  /** Characters in one file. */
  static final int MAX_LENGTH = 16 * 1024 * 1024;

  /** Lists and maps within each other; the language itself needs ten. */
  static final int MAX_DEPTH = 64;

  private YamlText() {}

  /** Why the text is no tree. */
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1;
    private final int line;
    private final int column;
    private final String rule;

    Unreadable(int line, int column, String rule) {
      super(rule);
      this.line = line;
      this.column = column;
      this.rule = rule;
    }

    private Unreadable(@Nullable Mark mark, String rule) {
      this(mark == null ? 1 : mark.getLine() + 1, mark == null ? 1 : mark.getColumn() + 1, rule);
    }

    int line() {
      return line;
    }

    int column() {
      return column;
    }

    String rule() {
      return rule;
    }
  }

  /**
   * Variables are put in by {@link Substitution}. The library has a tag of its own for a value that
   * is one and nothing else, and such tags are refused.
   */
  private static final Schema SCHEMA =
      new JsonSchema() {
        @Override
        public ScalarResolver getScalarResolver() {
          ScalarResolver json = super.getScalarResolver();
          return (value, implicit) -> {
            Tag tag = json.resolve(value, implicit);
            return tag.equals(Tag.ENV_TAG) ? Tag.STR : tag;
          };
        }
      };

  /** The tree, or null for a text without any value. */
  static @Nullable Node compose(String text) throws Unreadable {
    if (text.length() > MAX_LENGTH) {
      throw new Unreadable(1, 1, "must be at most " + Units.size(MAX_LENGTH));
    }
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel("configuration")
            .setSchema(SCHEMA)
            .setCodePointLimit(MAX_LENGTH)
            .setMaxAliasesForCollections(Integer.MAX_VALUE) // the tree reader bounds what they cost
            .setAllowNonScalarKeys(true) // refused later, in our words
            .build();
    try {
      Composer composer =
          new Composer(
              settings, new DepthGuard(new ParserImpl(settings, new StreamReader(settings, text))));
      if (!composer.hasNext()) {
        return null;
      }
      Node root = composer.next();
      if (composer.hasNext()) {
        throw new Unreadable(
            composer.next().getStartMark().orElse(null), "must be one document, this is a second");
      }
      return root;
    } catch (TooDeep e) {
      throw new Unreadable(e.mark.orElse(null), "must not nest deeper than " + MAX_DEPTH);
    } catch (MarkedYamlEngineException e) {
      Mark mark = e.getProblemMark().or(e::getContextMark).orElse(null);
      throw new Unreadable(mark, inPlainWords(e.getProblem()));
    } catch (ReaderException e) {
      throw atOffset(text, e.getPosition());
    } catch (YamlEngineException | IndexOutOfBoundsException | NumberFormatException e) {
      // Some malformed escapes and directives end in the parser's own exceptions.
      throw new Unreadable(1, 1, "is not valid YAML");
    }
  }

  private static Unreadable atOffset(String text, int codePoints) {
    int line = 1;
    int column = 1;
    int offset = 0;
    for (int i = 0; i < codePoints && offset < text.length(); i++) {
      int c = text.codePointAt(offset);
      offset += Character.charCount(c);
      boolean lineEnd =
          c == '\n' || (c == '\r' && (offset == text.length() || text.charAt(offset) != '\n'));
      line += lineEnd ? 1 : 0;
      column = lineEnd ? 1 : column + 1;
    }
    return new Unreadable(line, column, "must not contain control characters");
  }

  // The parser's own words may repeat parts of the text, which may be a secret: they are not used.
  private static String inPlainWords(@Nullable String problem) {
    String said = problem == null ? "" : problem;
    if (said.contains("(TAB)")) {
      return "must not be indented with tabs, use spaces";
    }
    if (said.contains("mapping values are not allowed")) {
      return "must not have a colon here: check the indentation, or quote the value";
    }
    if (said.contains("could not find expected ':'")) {
      return "must have a colon and a space after the key";
    }
    if (said.contains("expected ',' or ']'")) {
      return "must have a comma or ']' here: a list is not closed";
    }
    if (said.contains("expected ',' or '}'")) {
      return "must have a comma or '}' here: a map is not closed";
    }
    if (said.contains("undefined alias")) {
      return "must not use an alias (*) without an anchor (&) of that name above";
    }
    if (said.contains("end of stream")) {
      return "must not end inside quotes";
    }
    if (said.contains("unknown escape")) {
      return "must not have a backslash here: in double quotes only escapes such as \\n and \\\\";
    }
    if (said.contains("block end")
        || said.contains("sequence entries")
        || said.contains("mapping keys")) {
      return "must be indented like the lines above it";
    }
    if (said.contains("document start")) {
      return "must be one YAML document";
    }
    if (said.contains("cannot start any token")) {
      return "must not start with this character unless quoted";
    }
    return "is not valid YAML";
  }

  /** Carries where it became too deep. */
  private static final class TooDeep extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final transient Optional<Mark> mark;

    TooDeep(Optional<Mark> mark) {
      this.mark = mark;
    }
  }

  /** Stops before the composer's recursion could run out of stack. */
  private static final class DepthGuard implements Parser {
    private final Parser parser;
    private int depth;

    DepthGuard(Parser parser) {
      this.parser = parser;
    }

    @Override
    public boolean checkEvent(Event.ID choice) {
      return parser.checkEvent(choice);
    }

    @Override
    public Event peekEvent() {
      return parser.peekEvent();
    }

    @Override
    public boolean hasNext() {
      return parser.hasNext();
    }

    @Override
    public Event next() {
      Event event = parser.next();
      switch (event.getEventId()) {
        case MappingStart, SequenceStart -> depth++;
        case MappingEnd, SequenceEnd -> depth--;
        case Alias, Comment, DocumentEnd, DocumentStart, Scalar, StreamEnd, StreamStart -> {}
      }
      if (depth > MAX_DEPTH) {
        throw new TooDeep(event.getStartMark());
      }
      return event;
    }
  }
}
