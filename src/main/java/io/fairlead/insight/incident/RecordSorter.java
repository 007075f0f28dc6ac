package io.fairlead.insight.incident;

import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.RecordKinds;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Gives the values of a record their numbers. What has been seen before costs a look into a table;
 * a text is known by its hash, and a path by the hash of the whole before it is made a template.
 */
final class RecordSorter {
  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long PRIME = 0x9E37_79B1_85EB_CA87L;
  private static final int PATHS = 1 << 13;
  private static final boolean[] OURS = ours();

  private final Dictionary[] dictionaries;
  private final NodeLabels labels;
  private final short[] versionOf = new short[Dimension.NODE.places];
  private final short[] zoneOf = new short[Dimension.NODE.places];
  private final String[] serviceOf = new String[Dimension.NODE.places];
  private final long[] paths = new long[PATHS];
  private final short[] templates = new short[PATHS];

  /** By way and by who asked, in this era: the numbers that all such records have. */
  private final long[] ofWay = new long[Dimension.WORDS * (RecordKinds.MOST + 1)];

  private final long[] ofAsker = new long[Dimension.WORDS * (RecordKinds.MOST + 1)];
  private final boolean[] isWayKnown = new boolean[RecordKinds.MOST + 1];
  private final boolean[] isAskerKnown = new boolean[RecordKinds.MOST + 1];
  private int era;

  /** Whether a value had no place: later it may get one. */
  private boolean hasOther;

  /** Of the last record, see {@link Dimension#in}. */
  final long[] numbers = new long[Dimension.WORDS];

  RecordSorter(Dictionary[] dictionaries, NodeLabels labels) {
    this.dictionaries = dictionaries;
    this.labels = labels;
  }

  private static boolean[] ours() {
    ErrorReason[] reasons = ErrorReason.values();
    boolean[] ours = new boolean[reasons.length + 1];
    for (ErrorReason reason : reasons) {
      ours[RecordLayout.error(reason)] = reason.status() >= 500;
    }
    return ours;
  }

  /** Whether it failed, and not by the client's doing. */
  static boolean failed(int status, int error) {
    return status >= 500 || (error > 0 && error < OURS.length && OURS[error]);
  }

  /** Whether the client was told that it asks for what it cannot have. */
  static boolean refused(int status) {
    return status >= 400 && status < 499 && status != 408 && status != 429;
  }

  void sort(RecordView record, RecordTexts texts) {
    if (record.era() != era) {
      era = record.era();
      forget();
    }
    int way = record.way();
    if (isWayKnown[way]) {
      System.arraycopy(ofWay, way * Dimension.WORDS, numbers, 0, Dimension.WORDS);
    } else {
      Arrays.fill(numbers, 0);
      sortWay(record, texts);
      if (way != 0 && !hasOther) {
        System.arraycopy(numbers, 0, ofWay, way * Dimension.WORDS, Dimension.WORDS);
        isWayKnown[way] = true;
      }
    }
    int asker = record.asker();
    if (isAskerKnown[asker]) {
      for (int i = 0; i < Dimension.WORDS; i++) {
        numbers[i] |= ofAsker[asker * Dimension.WORDS + i];
      }
    } else {
      sortAsker(record, asker);
    }
    set(Dimension.CLIENT, client(record, texts));
    set(Dimension.PATH, path(record));
  }

  private void sortWay(RecordView record, RecordTexts texts) {
    hasOther = false;
    set(Dimension.LISTENER, name(Dimension.LISTENER, record.listener(), texts));
    set(Dimension.ROUTE, name(Dimension.ROUTE, record.route(), texts));
    set(Dimension.SERVICE, name(Dimension.SERVICE, record.service(), texts));
    int node = node(record, texts);
    set(Dimension.NODE, node);
    set(Dimension.VERSION, versionOf[node]);
    set(Dimension.ZONE, zoneOf[node]);
    set(Dimension.METHOD, method(record));
    set(Dimension.PROTOCOL, protocol(record.protocol()));
    set(Dimension.STATUS, status(record.status()));
    set(Dimension.ERROR, error(record.error(), texts));
    set(Dimension.TRIES, tries(record.tries()));
  }

  private void sortAsker(RecordView record, int asker) {
    hasOther = false;
    int host = text(Dimension.HOST, record, Text.HOST);
    int agent = text(Dimension.AGENT, record, Text.USER_AGENT);
    set(Dimension.HOST, host);
    set(Dimension.AGENT, agent);
    if (asker != 0 && !hasOther) {
      int at = asker * Dimension.WORDS;
      Arrays.fill(ofAsker, at, at + Dimension.WORDS, 0);
      Dimension.HOST.put(ofAsker, at, host);
      Dimension.AGENT.put(ofAsker, at, agent);
      isAskerKnown[asker] = true;
    }
  }

  /** Values have other numbers now. */
  void forget() {
    Arrays.fill(isWayKnown, false);
    Arrays.fill(isAskerKnown, false);
  }

  /** Puts a number for the record that is being sorted. */
  void set(Dimension dimension, int number) {
    dimension.put(numbers, 0, number);
    hasOther |= number == Dictionary.OTHER;
  }

  /** Of the record that was sorted. */
  int number(Dimension dimension) {
    return Dimension.in(numbers, 0, dimension.index());
  }

  private Dictionary of(Dimension dimension) {
    return dictionaries[dimension.index()];
  }

  private int name(Dimension dimension, int number, RecordTexts texts) {
    if (number == 0) {
      return Dictionary.NONE;
    }
    Dictionary dictionary = of(dimension);
    int known = dictionary.find(number);
    return known != 0 ? known : add(dictionary, number, texts.name(number));
  }

  private static int add(Dictionary dictionary, long key, @Nullable String text) {
    return text == null ? Dictionary.OTHER : dictionary.add(key, text);
  }

  private int node(RecordView record, RecordTexts texts) {
    if (record.node() == 0) {
      return Dictionary.NONE;
    }
    long key = ((long) record.service() << 32) | record.node();
    Dictionary dictionary = of(Dimension.NODE);
    int known = dictionary.find(key);
    if (known != 0) {
      return known;
    }
    int number = add(dictionary, key, texts.name(record.node()));
    String service = texts.name(record.service());
    if (number != Dictionary.OTHER && service != null) {
      serviceOf[number] = service;
      label(number);
    }
    return number;
  }

  private void label(int node) {
    NodeLabels.Labels found = labels.of(serviceOf[node], of(Dimension.NODE).text(node));
    if (found != null) {
      versionOf[node] = (short) word(Dimension.VERSION, found.version());
      zoneOf[node] = (short) word(Dimension.ZONE, found.zone());
    }
  }

  /** The number of a value that comes as a text. */
  int word(Dimension dimension, String text) {
    if (text.isEmpty()) {
      return Dictionary.NONE;
    }
    byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    long key = hash(bytes, 0, bytes.length);
    Dictionary dictionary = of(dimension);
    int known = dictionary.find(key);
    return known != 0 ? known : dictionary.add(key, text);
  }

  /** Nodes may have got other labels. */
  void labelAnew() {
    Dictionary nodes = of(Dimension.NODE);
    for (int node = Dictionary.FIRST; node < Dimension.NODE.places; node++) {
      if (nodes.isTaken(node) && serviceOf[node] != null) {
        label(node);
      }
    }
    Arrays.fill(isWayKnown, false);
  }

  /** What the nodes are that carry that version or zone. */
  java.util.List<String> nodesOf(Dimension dimension, int number) {
    java.util.List<String> found = new java.util.ArrayList<>();
    Dictionary nodes = of(Dimension.NODE);
    short[] carried = dimension == Dimension.VERSION ? versionOf : zoneOf;
    for (int node = Dictionary.FIRST; node < Dimension.NODE.places; node++) {
      if (nodes.isTaken(node) && carried[node] == number) {
        found.add(nodes.text(node));
      }
    }
    return found;
  }

  private int client(RecordView record, RecordTexts texts) {
    long high = record.clientHigh();
    long low = record.clientLow();
    long key = (((high * PRIME) ^ low) * PRIME) | 1;
    Dictionary dictionary = of(Dimension.CLIENT);
    int known = dictionary.find(key);
    if (known != 0) {
      return known;
    }
    return dictionary.isFull() ? Dictionary.OTHER : dictionary.add(key, texts.client(high, low));
  }

  private int method(RecordView record) {
    int number = record.method();
    Dictionary dictionary = of(Dimension.METHOD);
    if (number == 0) {
      return text(Dimension.METHOD, record, Text.METHOD);
    }
    int known = dictionary.find(number);
    return known != 0 ? known : dictionary.add(number, RecordLayout.method(number));
  }

  private int protocol(int number) {
    Dictionary dictionary = of(Dimension.PROTOCOL);
    int known = number == 0 ? Dictionary.NONE : dictionary.find(number);
    return known != 0 || number == 0
        ? known
        : dictionary.add(number, RecordLayout.protocol(number));
  }

  private int status(int status) {
    Dictionary dictionary = of(Dimension.STATUS);
    int known = status == 0 ? Dictionary.NONE : dictionary.find(status);
    return known != 0 || status == 0 ? known : dictionary.add(status, Integer.toString(status));
  }

  private int error(int number, RecordTexts texts) {
    Dictionary dictionary = of(Dimension.ERROR);
    int known = number == 0 ? Dictionary.NONE : dictionary.find(number);
    return known != 0 || number == 0 ? known : add(dictionary, number, texts.error(number));
  }

  private int tries(int tries) {
    Dictionary dictionary = of(Dimension.TRIES);
    int many = Math.min(tries, 2);
    int known = many == 0 ? Dictionary.NONE : dictionary.find(many);
    return known != 0 || many == 0 ? known : dictionary.add(many, many == 1 ? "1" : "more than 1");
  }

  private int text(Dimension dimension, RecordView record, Text which) {
    int length = record.textLength(which);
    if (length == 0) {
      return Dictionary.NONE;
    }
    byte[] bytes = record.bytes();
    long key = hash(bytes, record.textStart(which), length);
    Dictionary dictionary = of(dimension);
    int known = dictionary.find(key);
    if (known != 0) {
      return known;
    }
    return dictionary.isFull() ? Dictionary.OTHER : dictionary.add(key, record.text(which));
  }

  private int path(RecordView record) {
    int length = record.pathLength();
    if (length == 0) {
      return Dictionary.NONE;
    }
    long key = record.pathHash() | 1;
    int at = (int) (key >>> 40) & (PATHS - 1);
    if (paths[at] == key) {
      return templates[at];
    }
    byte[] bytes = record.bytes();
    int start = record.textStart(Text.PATH);
    long template = PathTemplate.hash(bytes, start, length);
    Dictionary dictionary = of(Dimension.PATH);
    int number = dictionary.find(template);
    if (number == 0) {
      number =
          dictionary.isFull()
              ? Dictionary.OTHER
              : dictionary.add(template, PathTemplate.of(bytes, start, length));
    }
    paths[at] = key;
    templates[at] = (short) number;
    return number;
  }

  /** Which template is which number has changed. */
  void forgetPaths() {
    Arrays.fill(paths, 0);
  }

  /** Eight bytes at a time; never 0. */
  static long hash(byte[] bytes, int start, int length) {
    long hash = length * PRIME;
    int at = start;
    int end = start + length;
    while (at + 8 <= end) {
      hash = (hash ^ (long) WORDS.get(bytes, at)) * PRIME;
      hash ^= hash >>> 29;
      at += 8;
    }
    long rest = 0;
    while (at < end) {
      rest = (rest << 8) | (bytes[at++] & 0xFF);
    }
    hash = (hash ^ rest) * PRIME;
    return (hash ^ (hash >>> 32)) | 1;
  }
}
