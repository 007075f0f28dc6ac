package io.fairlead.dns;

/**
 * A name, or what an answer says and why, in words for people. What is longer than there is room
 * for is cut. One thread; allocates nothing.
 */
final class AnswerText {
  private static final int ROOM = 4096;
  private static final byte[] DIGITS = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };

  final byte[] bytes = new byte[ROOM];
  private int at;

  void clear() {
    at = 0;
  }

  int length() {
    return at;
  }

  /** A name as it is sent; the same as {@link Names#text}. */
  void putName(byte[] name) {
    putName(name, 0);
  }

  private void putName(byte[] name, int first) {
    if (name[first] == 0) {
      put('.');
    }
    int label = first;
    while (name[label] != 0) {
      if (label > first) {
        put('.');
      }
      int end = label + (name[label] & 0xFF);
      for (int i = label + 1; i <= end; i++) {
        int c = name[i] & 0xFF;
        if (c > ' ' && c < 0x7F && c != '.' && c != '\\') {
          put(c);
        } else {
          put('\\');
          put('0' + c / 100);
          put('0' + c / 10 % 10);
          put('0' + c % 10);
        }
      }
      label = end + 1;
    }
  }

  /** What was answered. */
  void putAnswer(Told told) {
    Balanced balanced = told.balanced;
    if (balanced != null && (told.isChosen() || told.error == AnswerError.NO_ADDRESS)) {
      putChoice(told, balanced);
      return;
    }
    switch (told.kind) {
      case NOTHING -> put("nothing");
      case NO_DATA -> put("no such record");
      case NO_NAME -> put("no such name");
      case TRANSFER -> put("the zone");
      case REFERRAL -> {
        put("referral");
        Owner cut = told.cut;
        if (cut != null) {
          put(" to ");
          putName(cut.name);
        }
      }
      case RECORDS -> putRecords(told);
    }
  }

  private void putRecords(Told told) {
    RecordSet set = told.set;
    if (set == null) {
      putCount(told.records, "record");
      return;
    }
    if (set.type == Type.A || set.type == Type.AAAA) {
      putAddress(set.records[told.first], RecordSet.HEAD, set.type == Type.A ? 4 : 16);
      if (set.records.length > 1) {
        put(" and ");
        putNumber(set.records.length - 1);
        put(" more");
      }
    } else if (set.type == Type.CNAME) {
      put("alias of ");
      putName(set.records[told.first], RecordSet.HEAD);
    } else {
      putCount(set.records.length, "record");
    }
  }

  private void putCount(int count, String what) {
    putNumber(count);
    put(' ');
    put(what);
    if (count != 1) {
      put('s');
    }
  }

  // --- what was chosen ---------------------------------------------------------------------

  private void putChoice(Told told, Balanced balanced) {
    if (!told.isChosen()) {
      put("no address");
    }
    putMembers(told.family, told.chosen, told.count, true);
    putMembers(told.otherFamily, told.otherChosen, told.otherCount, told.count == 0);
    put("; ");
    put(told.choices.why);
    String site = told.site;
    if (site != null) {
      put(told.family.near || told.otherFamily.near ? ", near " : ", nobody near ");
      put(site);
    }
    if (told.choices.failOpen) {
      put(", fail-open");
    }
    put(balanced.forcedText());
  }

  private void putMembers(Family family, int[] chosen, int count, boolean first) {
    for (int i = 0; i < count; i++) {
      if (i > 0 || !first) {
        put(", ");
      }
      byte[] address = family.address(chosen[i]);
      int from = at;
      putAddress(address, 0, address.length);
      String name = family.name(chosen[i]);
      if (!name.isEmpty() && !beginsWith(name, from, at)) {
        put(" (");
        put(name);
        put(')');
      }
    }
  }

  /** A node that has no name is called by its address and port. */
  private boolean beginsWith(String name, int from, int to) {
    int skip = name.charAt(0) == '[' ? 1 : 0;
    if (name.length() - skip < to - from) {
      return false;
    }
    for (int i = from; i < to; i++) {
      if (name.charAt(skip + i - from) != bytes[i]) {
        return false;
      }
    }
    return name.length() - skip == to - from || "]:".indexOf(name.charAt(skip + to - from)) >= 0;
  }

  // --- pieces ------------------------------------------------------------------------------

  /** As RFC 5952 has it. */
  private void putAddress(byte[] from, int offset, int length) {
    if (length == 4) {
      for (int i = 0; i < 4; i++) {
        if (i > 0) {
          put('.');
        }
        putNumber(from[offset + i] & 0xFF);
      }
      return;
    }
    int zeros = -1;
    int most = 1; // a single group of zeros is written
    for (int start = 0; start < 8; start++) {
      int run = 0;
      while (start + run < 8 && group(from, offset, start + run) == 0) {
        run++;
      }
      if (run > most) {
        zeros = start;
        most = run;
      }
    }
    int i = 0;
    while (i < 8) {
      if (i == zeros) {
        put("::");
        i += most;
      } else {
        if (i > 0 && i != zeros + most) {
          put(':');
        }
        putHex(group(from, offset, i++));
      }
    }
  }

  private static int group(byte[] from, int offset, int index) {
    return (from[offset + 2 * index] & 0xFF) << 8 | (from[offset + 2 * index + 1] & 0xFF);
  }

  private void putHex(int value) {
    int shift = 12;
    while (shift > 0 && value >> shift == 0) {
      shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
      put(DIGITS[value >> shift & 0xF]);
    }
  }

  private void putNumber(int value) {
    if (value >= 10) {
      putNumber(value / 10);
    }
    put('0' + value % 10);
  }

  void put(String ascii) {
    for (int i = 0; i < ascii.length(); i++) {
      char c = ascii.charAt(i);
      put(c < 0x80 ? c : '?');
    }
  }

  private void put(int one) {
    if (at < ROOM) {
      bytes[at++] = (byte) one;
    }
  }
}
