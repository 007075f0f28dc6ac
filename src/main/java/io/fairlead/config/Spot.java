package io.fairlead.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/** A place in the file: where it is, what it is called, and whether something is wrong there. */
final class Spot {
  private final @Nullable Spot parent;
  private final String segment;
  private final int index;
  private final @Nullable Node key;
  private final Node value;
  private boolean wrong;
  private boolean secret;
  private @Nullable Map<String, Spot> children;

  private Spot(@Nullable Spot parent, String segment, int index, @Nullable Node key, Node value) {
    this.parent = parent;
    this.segment = segment;
    this.index = index;
    this.key = key;
    this.value = value;
  }

  static Spot root(Node value) {
    return new Spot(null, "", -1, null, value);
  }

  Spot entry(String name, Node key, Node value) {
    return new Spot(this, name, -1, key, value);
  }

  Spot element(int index, Node value) {
    return new Spot(this, "[" + index + "]", index, null, value);
  }

  /** The one that stands for a list of one: the same place, the same name. */
  Spot only() {
    return new Spot(this, "", 0, key, value);
  }

  /** Makes this place findable under a name of its parent. */
  Spot knownAs(String name) {
    if (parent != null) {
      if (parent.children == null) {
        parent.children = new LinkedHashMap<>();
      }
      parent.children.put(name, this);
    }
    return this;
  }

  @Nullable Spot child(String name) {
    return children == null ? null : children.get(name);
  }

  Node value() {
    return value;
  }

  /** Position in the list this is an element of, from 0. */
  int index() {
    return index;
  }

  /** The nth place around this one, 1 being the next. */
  Spot up(int steps) {
    Spot spot = this;
    for (int i = 0; i < steps && spot.parent != null; i++) {
      spot = spot.parent;
    }
    return spot;
  }

  String segment() {
    return segment;
  }

  /** Notes that something here, and so in everything around it, is wrong. */
  void markWrong() {
    for (Spot spot = this; spot != null && !spot.wrong; spot = spot.parent) {
      spot.wrong = true;
    }
  }

  boolean isWrong() {
    return wrong;
  }

  void markSecret() {
    secret = true;
  }

  boolean isSecret() {
    return secret;
  }

  boolean isScalar() {
    return value instanceof ScalarNode;
  }

  String path() {
    List<String> segments = new ArrayList<>();
    for (Spot spot = this; spot != null; spot = spot.parent) {
      if (!spot.segment.isEmpty()) {
        segments.addFirst(spot.segment);
      }
    }
    return Require.join(segments);
  }

  /** {@code listeners.web.bind (line 3)}. */
  String pathAndLine() {
    Mark mark = valueMark();
    return mark == null ? path() : path() + " (line " + (mark.getLine() + 1) + ")";
  }

  /** Names that places directly below are known as, in file order. */
  Set<String> childNames() {
    return children == null ? Set.of() : Collections.unmodifiableSet(children.keySet());
  }

  @Nullable Mark valueMark() {
    return value.getStartMark().orElse(null);
  }

  /** The key's mark, or the value's where there is no key. */
  @Nullable Mark keyMark() {
    return key == null ? valueMark() : key.getStartMark().orElse(null);
  }
}
