package io.fairlead.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * Nodes to records, collecting every problem.
 *
 * <p>Where a value is wrong, reading goes on with the key's default, so that what it touches is
 * checked too; a rule that looked at a wrong value says nothing. Every refusal of a record names
 * keys, and the spots know where those are.
 */
final class TreeReader {
  /** Values that aliases may add to a file: an alias is a convenience, not a program. */
  static final int MAX_ALIASED = 100_000;

  private static final int MAX_SHOWN = 80;
  private static final int MAX_SUGGESTIONS = 1000;

  private final String source;
  private final Path folder;
  private final Function<String, @Nullable String> env;
  private final List<ConfigReader.Problem> problems = new ArrayList<>();
  private final Set<Node> open = new HashSet<>();
  private final Set<Node> seenAnchors = new HashSet<>();
  private final CrossReferences crossReferences = new CrossReferences();
  private int insideAlias;
  private int aliased;
  private int suggestions;

  TreeReader(String source, Path folder, Function<String, @Nullable String> env) {
    this.source = source;
    this.folder = folder;
    this.env = env;
  }

  List<ConfigReader.Problem> problems() {
    return problems;
  }

  /**
   * Reads the whole file. What one place says about another is checked here too, and not only by
   * the record of the file: that record does not exist as long as anything else is wrong.
   */
  @Nullable FairleadConfig file(Node root) {
    Spot spot = Spot.root(root);
    FairleadConfig config = Language.FILE.read(this, spot);
    crossReferences.check(spot, this::refuseShown, this::refuseKey);
    return config;
  }

  private void refuseShown(Spot spot, String rule) {
    refuse(spot, rule, shown(spot));
  }

  /** Reads under a guard against aliases that contain themselves or multiply. */
  private <T> @Nullable T guarded(Spot spot, Supplier<@Nullable T> read) {
    Node node = spot.value();
    if (node.getAnchor().isEmpty() && insideAlias == 0) {
      return tagged(spot, read);
    }
    if (!open.add(node)) {
      refuse(spot, "must not contain itself", null);
      return null;
    }
    boolean again = node.getAnchor().isPresent() && !seenAnchors.add(node);
    insideAlias += again ? 1 : 0;
    try {
      if (insideAlias > 0 && ++aliased > MAX_ALIASED) {
        if (aliased == MAX_ALIASED + 1) {
          refuse(spot, "must not repeat more than " + MAX_ALIASED + " values by aliases", null);
        }
        spot.markWrong();
        return null;
      }
      return tagged(spot, read);
    } finally {
      insideAlias -= again ? 1 : 0;
      open.remove(node);
    }
  }

  private <T> @Nullable T tagged(Spot spot, Supplier<@Nullable T> read) {
    if (!spot.value().getTag().getValue().startsWith(Tag.PREFIX)) {
      refuse(spot, "must not have a tag of its own (!)", null);
      return null;
    }
    return read.get();
  }

  <T> @Nullable T scalar(Scalar<T> scalar, Spot spot) {
    if (scalar.secret()) {
      spot.markSecret();
    }
    return guarded(spot, () -> unguardedScalar(scalar, spot));
  }

  private <T> @Nullable T unguardedScalar(Scalar<T> scalar, Spot spot) {
    if (!(spot.value() instanceof ScalarNode node)) {
      refuse(spot, "must be one " + scalar.kind(), shown(spot));
      return null;
    }
    if (node.getTag().equals(Tag.NULL)) {
      refuse(spot, "must have a value", null);
      return null;
    }
    try {
      T value = scalar.parser().parse(Substitution.apply(node.getValue(), env), folder);
      crossReferences.note(scalar, value, spot);
      return value;
    } catch (InvalidConfigException e) {
      refuse(spot, e.violations().getFirst().rule(), shown(spot));
      return null;
    }
  }

  <E> @Nullable List<E> list(ListOf<E> shape, Spot spot) {
    if (!(spot.value() instanceof SequenceNode sequence)) {
      if (isNull(spot)) {
        refuse(spot, "must have a value", null);
        return null;
      }
      E one = shape.element().read(this, spot.only().knownAs("[0]"));
      return one == null ? null : List.of(one);
    }
    return guarded(spot, () -> elements(shape, spot, sequence));
  }

  private <E> List<E> elements(ListOf<E> shape, Spot spot, SequenceNode sequence) {
    List<E> elements = new ArrayList<>(sequence.getValue().size());
    int index = 0;
    for (Node node : sequence.getValue()) {
      Spot element = spot.element(index++, node);
      E value = shape.element().read(this, element);
      if (value != null) {
        // Named by its place among those that can be read: that is where records will find it.
        element.knownAs("[" + elements.size() + "]");
        elements.add(value);
      }
    }
    return elements;
  }

  <E> @Nullable Map<String, E> map(MapOf<E> shape, Spot spot) {
    return guarded(
        spot,
        () -> {
          if (!(spot.value() instanceof MappingNode mapping)) {
            refuse(spot, "must be a " + shape.kind(), shape.hasSecret() ? null : shown(spot));
            return null;
          }
          Map<String, E> entries = new LinkedHashMap<>();
          Map<String, Node> first = new HashMap<>();
          for (NodeTuple tuple : mapping.getValue()) {
            String key = keyText(spot, tuple.getKeyNode());
            if (key == null) {
              continue;
            }
            String name = shape.names().normal(key);
            String objection = shape.names().objection(name);
            boolean hidden = shape.hasSecret() && !name.matches(shape.names().pattern);
            Spot entry = spot.entry(hidden ? "" : key, tuple.getKeyNode(), tuple.getValueNode());
            if (isDuplicate(entry, name, tuple.getKeyNode(), first)) {
              continue;
            }
            entry.knownAs(name);
            if (objection != null) {
              refuseKey(entry, objection);
            }
            crossReferences.noteName(shape.names(), name, entry);
            E value = shape.value().read(this, entry);
            if (value != null && objection == null) {
              entries.put(name, value);
            }
          }
          return entries;
        });
  }

  <T> @Nullable T object(Obj<T> shape, Spot spot) {
    Obj.ShortForm<?, T> shortForm = shape.shortForm();
    if (shortForm != null && spot.isScalar() && !isNull(spot)) {
      return shortForm.read(this, spot);
    }
    return guarded(
        spot,
        () -> {
          if (!(spot.value() instanceof MappingNode mapping)) {
            String or = shortForm == null ? "" : ", or one " + shortForm.scalar().kind();
            refuse(
                spot,
                isNull(spot) ? "must have a value" : "must be a map of keys" + or,
                shape.hasSecret() || isNull(spot) ? null : shown(spot));
            return null;
          }
          Set<String> meant = new HashSet<>();
          fields(shape, spot, mapping, meant);
          Values values = new Values(folder);
          boolean complete = true;
          for (Key<?> key : shape.keys()) {
            Spot child = spot.child(key.name());
            boolean found = child != null && values.read(key, this, child);
            if (!found && key.isRequired()) {
              complete = false;
              if (child == null && !meant.contains(key.name())) {
                refuseAbsent(spot, key.name());
              }
            }
          }
          return complete ? build(spot, () -> shape.build().apply(values, spot)) : null;
        });
  }

  private void fields(Obj<?> shape, Spot spot, MappingNode mapping, Set<String> meant) {
    Map<String, Node> first = new HashMap<>();
    boolean secretive = shape.hasSecret();
    for (NodeTuple tuple : mapping.getValue()) {
      String name = keyText(spot, tuple.getKeyNode());
      if (name == null) {
        continue;
      }
      boolean isKnown = shape.hasKey(name);
      // What stands behind a colon without a space was meant to be a value, maybe a secret.
      String glued = name.indexOf(':') > 0 ? name.substring(0, name.indexOf(':')) : name;
      boolean isGlued = !isKnown && shape.hasKey(glued);
      String nearest = isKnown || isGlued ? null : Suggest.nearest(name, shape.keyNames());
      boolean isHidden = secretive && !isKnown && !isGlued && nearest == null;
      Spot entry = spot.entry(isHidden ? "" : glued, tuple.getKeyNode(), tuple.getValueNode());
      if (isDuplicate(entry, name, tuple.getKeyNode(), first)) {
        continue;
      }
      if (isKnown) {
        entry.knownAs(name);
      } else if (isGlued) {
        meant.add(glued);
        refuseKey(entry, "must have a space after its colon");
      } else if (shape.later().contains(name)) {
        refuseKey(entry, Language.NOT_AVAILABLE);
      } else {
        if (nearest != null) {
          meant.add(nearest);
        }
        String hint = suggestions++ < MAX_SUGGESTIONS ? Suggest.among(name, shape.keyNames()) : "";
        refuseKey(entry, "unknown key" + hint);
      }
    }
  }

  private @Nullable String keyText(Spot spot, Node key) {
    if (key instanceof ScalarNode scalar && !scalar.getTag().equals(Tag.NULL)) {
      return scalar.getValue();
    }
    note(spot, key.getStartMark().orElse(null), spot.path(), "must have text as keys", null);
    return null;
  }

  private boolean isDuplicate(Spot entry, String name, Node key, Map<String, Node> first) {
    Node earlier = first.putIfAbsent(name, key);
    if (earlier == null) {
      return false;
    }
    int line = earlier.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
    refuseKey(entry, "must not be given twice, first at line " + line);
    return true;
  }

  /** Lets a record check itself; its refusals become problems at the keys they name. */
  <T> @Nullable T build(Spot spot, Supplier<T> record) {
    try {
      return record.get();
    } catch (InvalidConfigException e) {
      for (Require.Violation violation : e.violations()) {
        place(spot, violation);
      }
      spot.markWrong();
      return null;
    }
  }

  private void place(Spot spot, Require.Violation violation) {
    Spot target = spot;
    int known = 0;
    while (known < violation.path().size()) {
      Spot child = target.child(violation.path().get(known));
      if (child == null) {
        break;
      }
      target = child;
      known++;
    }
    boolean complete = known == violation.path().size();
    if (complete && target.isWrong()) {
      return;
    }
    String rule = violation.rule();
    for (List<String> path : violation.others()) {
      Spot other = find(spot, path);
      if (other != null && other.isWrong()) {
        return;
      }
      rule = rule.replace("{}", describe(spot, path));
    }
    if (complete && violation.ofKey()) {
      refuseKey(target, rule);
      return;
    }
    // A short form has no keys inside: the scalar itself is the place.
    boolean whole = complete || target.isScalar();
    String path =
        whole ? target.path() : Require.join(rest(target.path(), violation.path(), known));
    String was = target.isScalar() ? shown(target) : target.isSecret() ? null : violation.was();
    note(target, whole ? target.valueMark() : target.keyMark(), path, rule, was);
  }

  private static List<String> rest(String start, List<String> path, int known) {
    List<String> segments = new ArrayList<>();
    if (!start.isEmpty()) {
      segments.add(start);
    }
    segments.addAll(path.subList(known, path.size()));
    return segments;
  }

  private static @Nullable Spot find(Spot start, List<String> path) {
    Spot spot = start;
    for (String segment : path) {
      spot = spot == null ? null : spot.child(segment);
    }
    return spot;
  }

  private static String describe(Spot start, List<String> path) {
    Spot spot = start;
    int known = 0;
    for (String segment : path) {
      Spot child = spot.child(segment);
      if (child == null) {
        break;
      }
      spot = child;
      known++;
    }
    boolean whole = known == path.size() || (spot.isScalar() && known > 0);
    String name = whole ? spot.path() : Require.join(rest(spot.path(), path, known));
    Mark mark = spot.valueMark();
    return known == 0 || mark == null ? name : name + " (line " + (mark.getLine() + 1) + ")";
  }

  private static boolean isNull(Spot spot) {
    return spot.value().getTag().equals(Tag.NULL);
  }

  private void refuse(Spot spot, String rule, @Nullable String was) {
    note(spot, spot.valueMark(), spot.path(), rule, was);
  }

  private void refuseKey(Spot spot, String rule) {
    note(spot, spot.keyMark(), spot.path(), rule, null);
  }

  private void refuseAbsent(Spot spot, String key) {
    note(
        spot,
        spot.keyMark(),
        Require.join(rest(spot.path(), List.of(key), 0)),
        "must be given",
        null);
  }

  private void note(
      Spot spot, @Nullable Mark mark, String path, String rule, @Nullable String was) {
    spot.markWrong();
    int line = mark == null ? 1 : mark.getLine() + 1;
    int column = mark == null ? 1 : mark.getColumn() + 1;
    problems.add(new ConfigReader.Problem(source, line, column, oneLine(path), rule, was));
  }

  /** The value as it stands in the file: never what the environment or another file gave. */
  private static @Nullable String shown(Spot spot) {
    if (spot.isSecret()) {
      return null;
    }
    return switch (spot.value()) {
      case ScalarNode scalar -> shown(scalar.getValue());
      case SequenceNode _ -> "a list";
      default -> "a map";
    };
  }

  private static String oneLine(String text) {
    return text.chars().anyMatch(Character::isISOControl)
        ? text.replaceAll("\\p{Cntrl}", " ")
        : text;
  }

  private static String shown(String text) {
    StringBuilder line = new StringBuilder();
    int end = Math.min(text.length(), MAX_SHOWN);
    if (end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
      end--;
    }
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      line.append(Character.isISOControl(c) ? ' ' : c);
    }
    return text.isEmpty() ? "empty" : end < text.length() ? line + "…" : line.toString();
  }
}
