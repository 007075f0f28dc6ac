package io.fairlead.insight.incident;

import org.jspecify.annotations.Nullable;

/**
 * Small numbers for the values of one dimension: 0 for none, 1 for all that have no place, from 2
 * on each for one value. A value is known by 64 bits: a number, or a hash of its text. Looking one
 * up takes nothing from the heap.
 */
final class Dictionary {
  static final int NONE = 0;
  static final int OTHER = 1;
  static final int FIRST = 2;

  /** Knuth's: spreads numbers that lie side by side. */
  private static final long SPREAD = 0x9E37_79B9_7F4A_7C15L;

  private final int places;
  private final int mask;
  private final int shift;
  private final long[] table;
  private final short[] numbers;
  private final long[] keys;
  private final @Nullable String[] texts;
  private final int[] free;
  private int freeCount;

  Dictionary(int places) {
    this.places = places;
    int size = Integer.highestOneBit(places * 4 - 1);
    mask = size - 1;
    shift = Long.numberOfLeadingZeros(size) + 1;
    table = new long[size];
    numbers = new short[size];
    keys = new long[places];
    texts = new String[places];
    free = new int[places];
    for (int number = places - 1; number >= FIRST; number--) {
      free[freeCount++] = number;
    }
  }

  /** The number of the value, 0 if it has none; the key is not 0. */
  int find(long key) {
    int at = (int) ((key * SPREAD) >>> shift);
    while (true) {
      long there = table[at];
      if (there == key) {
        return numbers[at];
      }
      if (there == 0) {
        return NONE;
      }
      at = (at + 1) & mask;
    }
  }

  boolean isFull() {
    return freeCount == 0;
  }

  int free() {
    return freeCount;
  }

  /** Gives a value a number. */
  int add(long key, String text) {
    if (freeCount == 0) {
      return OTHER;
    }
    int number = free[--freeCount];
    keys[number] = key;
    texts[number] = text;
    put(key, number);
    return number;
  }

  private void put(long key, int number) {
    int at = (int) ((key * SPREAD) >>> shift);
    while (table[at] != 0) {
      at = (at + 1) & mask;
    }
    table[at] = key;
    numbers[at] = (short) number;
  }

  boolean isTaken(int number) {
    return number >= FIRST && texts[number] != null;
  }

  /** What people call the value. */
  String text(int number) {
    String text = number < places ? texts[number] : null;
    return text != null ? text : number == NONE ? "none" : "other";
  }

  /** The number of the value that is called so; 0: there is none. */
  int numberOf(String text) {
    for (int number = FIRST; number < places; number++) {
      if (text.equals(texts[number])) {
        return number;
      }
    }
    return NONE;
  }

  /** Takes the places of those values back. */
  void remove(boolean[] gone) {
    java.util.Arrays.fill(table, 0);
    for (int number = FIRST; number < places; number++) {
      if (texts[number] == null) {
        continue;
      }
      if (gone[number]) {
        texts[number] = null;
        keys[number] = 0;
        free[freeCount++] = number;
      } else {
        put(keys[number], number);
      }
    }
  }
}
