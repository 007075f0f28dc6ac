package io.fairlead.config;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression that is looked for in a text in time proportional to the text's length,
 * whatever text and expression are: all ways through it are followed together, none is tried twice
 * at one place [1]. So there is nothing in it that needs trying: no back-references, no looking
 * ahead or behind, no possessive repetition.
 *
 * <p>Understood are characters, {@code .} (any but a line break), {@code [a-z]}, {@code [^a-z]},
 * {@code \d \w \s} and their opposites, {@code \t \r \n \xNN}, a backslash before any sign, {@code
 * ( )}, {@code (?: )}, {@code |}, {@code * + ? {m} {m,} {m,n}}, {@code ^} and {@code $} (of the
 * whole text), {@code \b}, and {@code (?i)} at the beginning.
 *
 * <p>[1] K. Thompson, Regular Expression Search Algorithm, CACM 11(6), 1968.
 */
public final class LinearPattern {
  static final int MAX_LENGTH = 256;

  /**
   * Steps once repetitions are written out: a text of 64 KiB was then seen to take half a second.
   */
  static final int MAX_STEPS = 1000;

  private static final int DEPTH = 32;
  private static final String TOO_LONG =
      "must not have more than " + MAX_STEPS + " steps once repetitions are written out";

  private enum Kind {
    CHARS,
    SPLIT,
    START,
    END,
    BOUNDARY,
    FOUND
  }

  /** A set of characters: pairs of first and last, or what is not in them. */
  private record Chars(String ranges, boolean negated) {
    boolean has(char c) {
      for (int i = 0; i < ranges.length(); i += 2) {
        if (c >= ranges.charAt(i) && c <= ranges.charAt(i + 1)) {
          return !negated;
        }
      }
      return negated;
    }
  }

  /** What is parsed: a piece of which steps can be made again and again. */
  private sealed interface Piece {
    record One(Chars chars) implements Piece {}

    record Place(Kind kind) implements Piece {}

    record Sequence(List<Piece> pieces) implements Piece {}

    record Choice(List<Piece> pieces) implements Piece {}

    /** {@code most} below 0: without end. */
    record Repeat(Piece piece, int least, int most) implements Piece {}
  }

  private static final Chars DIGIT = new Chars("09", false);
  private static final Chars WORD = new Chars("azAZ09__", false);
  private static final Chars SPACE = new Chars("\t\r  ", false);
  private static final Chars ANY = new Chars("\n\n\r\r", true);

  private final String source;
  private int emitted;
  private final List<Kind> kinds = new ArrayList<>();
  private final List<@Nullable Chars> chars = new ArrayList<>();
  private final List<int[]> next = new ArrayList<>();

  private LinearPattern(String source) {
    this.source = source;
  }

  /** Reads the expression; refuses what it does not understand. */
  public static LinearPattern parse(String source) {
    if (source.isEmpty() || source.length() > MAX_LENGTH) {
      throw Require.refusal("must be a pattern of 1 to " + MAX_LENGTH + " characters");
    }
    LinearPattern pattern = new LinearPattern(source);
    pattern.emit(new Parser(source).all());
    int _ = pattern.step(Kind.FOUND, null);
    return pattern;
  }

  private int step(Kind kind, @Nullable Chars set) {
    if (kinds.size() >= MAX_STEPS) {
      throw Require.refusal(TOO_LONG);
    }
    kinds.add(kind);
    chars.add(set);
    next.add(new int[] {kinds.size(), -1});
    return kinds.size() - 1;
  }

  private void emit(Piece piece) {
    if (++emitted > 10 * MAX_STEPS) {
      throw Require.refusal(TOO_LONG); // nothing, a thousand times a thousand times
    }
    switch (piece) {
      case Piece.One(Chars set) -> {
        int _ = step(Kind.CHARS, set);
      }
      case Piece.Place(Kind kind) -> {
        int _ = step(kind, null);
      }
      case Piece.Sequence(List<Piece> pieces) -> pieces.forEach(this::emit);
      case Piece.Choice(List<Piece> pieces) -> {
        List<int[]> ends = new ArrayList<>();
        for (int i = 0; i < pieces.size() - 1; i++) {
          int split = step(Kind.SPLIT, null);
          emit(pieces.get(i));
          int jump = step(Kind.SPLIT, null);
          ends.add(next.get(jump));
          next.get(split)[1] = kinds.size();
        }
        emit(pieces.getLast());
        ends.forEach(end -> end[0] = kinds.size());
      }
      case Piece.Repeat(Piece inner, int least, int most) -> {
        for (int i = 0; i < least; i++) {
          emit(inner);
        }
        if (most < 0) {
          int split = step(Kind.SPLIT, null);
          emit(inner);
          int back = step(Kind.SPLIT, null);
          next.get(back)[0] = split;
          next.get(split)[1] = kinds.size();
        }
        List<int[]> skips = new ArrayList<>();
        for (int i = least; i < most; i++) {
          skips.add(next.get(step(Kind.SPLIT, null)));
          emit(inner);
        }
        skips.forEach(skip -> skip[1] = kinds.size());
      }
    }
  }

  /** Whether it is anywhere in the text. */
  public boolean isIn(CharSequence text) {
    int[] now = new int[kinds.size()];
    int[] later = new int[kinds.size()];
    int[] seen = new int[kinds.size()]; // the place at which a step was reached last, plus one
    int[] todo = new int[2 * kinds.size() + 2];
    int count = 0;
    for (int place = 0; place <= text.length(); place++) {
      count = reach(0, text, place, now, count, seen, todo); // it may begin anywhere
      if (count < 0) {
        return true;
      }
      if (place == text.length()) {
        return false;
      }
      char c = text.charAt(place);
      int following = 0;
      for (int i = 0; i < count; i++) {
        Chars set = chars.get(now[i]);
        if (set != null && set.has(c)) {
          following = reach(next.get(now[i])[0], text, place + 1, later, following, seen, todo);
          if (following < 0) {
            return true;
          }
        }
      }
      int[] swap = now;
      now = later;
      later = swap;
      count = following;
    }
    return false;
  }

  /** Adds what can be reached without a character; answers how many there are, -1: found. */
  private int reach(
      int from, CharSequence text, int place, int[] into, int count, int[] seen, int[] todo) {
    int size = 0;
    int reached = count;
    todo[size++] = from;
    while (size > 0) {
      int step = todo[--size];
      if (seen[step] == place + 1) {
        continue;
      }
      seen[step] = place + 1;
      boolean passes =
          switch (kinds.get(step)) {
            case CHARS -> {
              into[reached++] = step;
              yield false;
            }
            case SPLIT -> true;
            case START -> place == 0;
            case END -> place == text.length();
            case BOUNDARY -> isWord(text, place - 1) != isWord(text, place);
            case FOUND -> {
              reached = -1;
              yield false;
            }
          };
      if (reached < 0) {
        return reached;
      }
      if (passes) {
        int[] ways = next.get(step);
        todo[size++] = ways[0];
        if (ways[1] >= 0) {
          todo[size++] = ways[1];
        }
      }
    }
    return reached;
  }

  private static boolean isWord(CharSequence text, int place) {
    return place >= 0 && place < text.length() && WORD.has(text.charAt(place));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LinearPattern that && that.source.equals(source);
  }

  @Override
  public int hashCode() {
    return source.hashCode();
  }

  /** As it was written. */
  @Override
  public String toString() {
    return source;
  }

  /** From left to right, one character at a time. */
  private static final class Parser {
    private final String text;
    private final boolean anyCase;
    private int at;
    private int depth;

    Parser(String text) {
      this.text = text;
      this.anyCase = text.startsWith("(?i)");
      this.at = anyCase ? 4 : 0;
    }

    private static InvalidConfigException wrong(String what) {
      return Require.refusal("must be a pattern: " + what);
    }

    private boolean take(char c) {
      if (at < text.length() && text.charAt(at) == c) {
        at++;
        return true;
      }
      return false;
    }

    private char next(String missing) {
      if (at == text.length()) {
        throw wrong(missing);
      }
      return text.charAt(at++);
    }

    Piece all() {
      Piece all = choice();
      if (at < text.length()) {
        throw wrong("')' without '('");
      }
      return all;
    }

    private Piece choice() {
      List<Piece> pieces = new ArrayList<>();
      do {
        pieces.add(sequence());
      } while (take('|'));
      return pieces.size() == 1 ? pieces.getFirst() : new Piece.Choice(pieces);
    }

    private Piece sequence() {
      List<Piece> pieces = new ArrayList<>();
      while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
        pieces.add(repeated(one()));
      }
      return new Piece.Sequence(pieces);
    }

    private Piece repeated(Piece piece) {
      int least;
      int most;
      if (take('*')) {
        least = 0;
        most = -1;
      } else if (take('+')) {
        least = 1;
        most = -1;
      } else if (take('?')) {
        least = 0;
        most = 1;
      } else if (take('{')) {
        least = number();
        most = take(',') ? at < text.length() && text.charAt(at) == '}' ? -1 : number() : least;
        if (!take('}') || (most >= 0 && most < least)) {
          throw wrong("a repetition is {m}, {m,} or {m,n}");
        }
      } else {
        return piece;
      }
      boolean _ = take('?'); // the shortest way or the longest: found is found
      if (at < text.length() && "*+?{".indexOf(text.charAt(at)) >= 0) {
        throw wrong("nothing to repeat before '" + text.charAt(at) + "'");
      }
      return new Piece.Repeat(piece, least, most);
    }

    private int number() {
      int start = at;
      while (at < text.length() && at - start < 5 && Character.isDigit(text.charAt(at))) {
        at++;
      }
      try {
        int number = Integer.parseInt(text.substring(start, at));
        if (number > MAX_STEPS) {
          throw Require.refusal(TOO_LONG);
        }
        return number;
      } catch (NumberFormatException e) {
        throw wrong("a repetition is {m}, {m,} or {m,n}");
      }
    }

    private Piece one() {
      char c = next("");
      return switch (c) {
        case '(' -> group();
        case '[' -> new Piece.One(cased(set()));
        case '.' -> new Piece.One(ANY);
        case '^' -> new Piece.Place(Kind.START);
        case '$' -> new Piece.Place(Kind.END);
        case '\\' -> escaped();
        case '*', '+', '?', '{' -> throw wrong("nothing to repeat before '" + c + "'");
        default -> literal(c);
      };
    }

    private Piece literal(char c) {
      return new Piece.One(cased(new Chars("" + c + c, false)));
    }

    private Piece group() {
      if (take('?') && !take(':')) {
        throw wrong("'(?' is understood as '(?:' only, and '(?i)' at the beginning");
      }
      if (++depth > DEPTH) {
        throw wrong("at most " + DEPTH + " groups in one another");
      }
      Piece inner = choice();
      if (!take(')')) {
        throw wrong("'(' without ')'");
      }
      depth--;
      return inner;
    }

    private Piece escaped() {
      char c = next("a single backslash at the end");
      if (c == 'b') {
        return new Piece.Place(Kind.BOUNDARY);
      }
      Chars set = escapedSet(c);
      return set != null ? new Piece.One(set) : literal(escapedChar(c));
    }

    private static @Nullable Chars escapedSet(char c) {
      Chars set =
          switch (Character.toLowerCase(c)) {
            case 'd' -> DIGIT;
            case 'w' -> WORD;
            case 's' -> SPACE;
            default -> null;
          };
      return set != null && Character.isUpperCase(c) ? new Chars(set.ranges(), true) : set;
    }

    private char escapedChar(char c) {
      return switch (c) {
        case 't' -> '\t';
        case 'r' -> '\r';
        case 'n' -> '\n';
        case 'x' -> {
          at += 2;
          if (at > text.length() || !text.substring(at - 2, at).matches("[0-9A-Fa-f]{2}")) {
            throw wrong("\\x needs two hexadecimal digits");
          }
          yield (char) Integer.parseInt(text.substring(at - 2, at), 16);
        }
        default -> {
          if (Character.isLetterOrDigit(c)) {
            throw wrong("\\" + c + " is not understood");
          }
          yield c;
        }
      };
    }

    private Chars set() {
      boolean negated = take('^');
      StringBuilder ranges = new StringBuilder();
      boolean first = true;
      while (first || at == text.length() || text.charAt(at) != ']') {
        first = false;
        char from = next("'[' without ']'");
        if (from == '\\') {
          char c = next("'[' without ']'");
          Chars set = escapedSet(c);
          if (set != null) {
            if (set.negated()) {
              throw wrong("\\" + c + " is not understood inside [ ]");
            }
            ranges.append(set.ranges());
            continue;
          }
          from = escapedChar(c);
        }
        char to = from;
        if (at + 1 < text.length() && text.charAt(at) == '-' && text.charAt(at + 1) != ']') {
          at++;
          to = next("'[' without ']'");
          if (to == '\\') {
            to = escapedChar(next("'[' without ']'"));
          }
          if (to < from) {
            throw wrong("a range goes from the lower to the higher character");
          }
        }
        ranges.append(from).append(to);
      }
      at++;
      return new Chars(ranges.toString(), negated);
    }

    /** With the letters of the other case, if that does not count. */
    private Chars cased(Chars set) {
      if (!anyCase) {
        return set;
      }
      StringBuilder ranges = new StringBuilder().append(set.ranges());
      for (char c = 'a'; c <= 'z'; c++) {
        char upper = Character.toUpperCase(c);
        Chars plain = new Chars(set.ranges(), false);
        if (plain.has(c) || plain.has(upper)) {
          ranges.append(c).append(c).append(upper).append(upper);
        }
      }
      return new Chars(ranges.toString(), set.negated());
    }
  }
}
