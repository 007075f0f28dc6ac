package io.fairlead.insight.rollup;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Numbers for reasons, of this process; there are few, and files have their names. */
final class Reasons {
  /** What is beyond counts as this. */
  private static final int MOST = 250;

  private final Map<String, Integer> numbers = new HashMap<>();
  private final List<String> names = new ArrayList<>();

  synchronized int number(String name) {
    Integer known = numbers.get(name);
    if (known != null) {
      return known;
    }
    if (names.size() >= MOST && !name.equals(Key.OTHER)) {
      return number(Key.OTHER);
    }
    numbers.put(name, names.size());
    names.add(name);
    return names.size() - 1;
  }

  synchronized String name(int number) {
    return names.get(number);
  }

  synchronized int size() {
    return names.size();
  }
}
