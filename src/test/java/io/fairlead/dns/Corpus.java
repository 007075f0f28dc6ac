package io.fairlead.dns;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/** The cases of {@code src/test/resources/dns}; its README.md says how they are written. */
final class Corpus {
  static final Path FOLDER = Path.of("src/test/resources/dns");
  static final int ID = 0x1234;

  /**
   * One question and what must come back.
   *
   * @param via how it is sent
   * @param soft what others may answer
   */
  @SuppressWarnings("ArrayRecordComponent") // nobody compares cases
  record Case(
      String group,
      String name,
      String about,
      List<String> via,
      byte[] question,
      String expect,
      List<String> soft) {
    @Override
    public String toString() {
      return name;
    }
  }

  private Corpus() {}

  static List<Case> read() throws IOException {
    List<Case> cases = new ArrayList<>();
    List<Path> files;
    try (Stream<Path> all = Files.list(FOLDER)) {
      files = all.filter(file -> file.toString().endsWith(".txt")).sorted().toList();
    }
    for (Path file : files) {
      String group = file.getFileName().toString().replaceAll("^\\d-|\\.txt$", "");
      for (String block : Files.readString(file).strip().split("\n\\s*\n", -1)) {
        cases.add(read(group, block));
      }
    }
    return cases;
  }

  private static Case read(String group, String block) {
    String name = "";
    String about = "";
    List<String> via = List.of("udp");
    byte[] question = {};
    String expect = "";
    List<String> soft = new ArrayList<>();
    for (String line : block.split("\n", -1)) {
      String word = line.split(" ", 2)[0];
      String rest = line.substring(word.length()).strip();
      switch (word) {
        case "case" -> {
          String[] parts = rest.split(": ", 2);
          name = parts[0];
          about = parts.length > 1 ? parts[1] : "";
        }
        case "via" -> via = List.of(rest.split(" +"));
        case "send" -> question = assemble(rest);
        case "expect" -> expect = rest;
        case "soft" -> soft.add(rest);
        default -> throw new IllegalArgumentException(line);
      }
    }
    if (name.isEmpty() || expect.isEmpty()) {
      throw new IllegalArgumentException(block);
    }
    return new Case(group, name, about, via, question, expect, soft);
  }

  static byte[] assemble(String text) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (String token : text.isEmpty() ? new String[0] : text.split(" +")) {
      String[] parts = token.split(":", -1);
      if (token.startsWith("H:")) {
        u16(out, ID);
        u16(out, Integer.parseInt(parts[1], 16));
        for (int i = 2; i < 6; i++) {
          u16(out, Integer.parseInt(parts[i]));
        }
      } else if (token.startsWith("@")) {
        name(out, token.substring(1));
      } else if (token.startsWith("\"")) {
        label(out, token.substring(1, token.length() - 1));
      } else if (token.startsWith("Q:")) {
        name(out, parts[1]);
        u16(out, type(parts[2]));
        u16(out, 1);
      } else if (token.startsWith("OPT:")) {
        byte[] options = HexFormat.of().parseHex(parts[3]);
        out.write(0);
        u16(out, 41);
        u16(out, Integer.parseInt(parts[1]));
        u16(out, 0);
        u16(out, Integer.parseInt(parts[2], 16));
        u16(out, options.length);
        out.writeBytes(options);
      } else if (token.startsWith("x:")) {
        for (int i = 0; i < Integer.parseInt(parts[1]); i++) {
          out.write(Integer.parseInt(parts[2], 16));
        }
      } else {
        out.writeBytes(HexFormat.of().parseHex(token));
      }
    }
    return out.toByteArray();
  }

  static int type(String name) {
    return org.xbill.DNS.Type.value(name);
  }

  private static void u16(ByteArrayOutputStream out, int value) {
    out.write(value >> 8);
    out.write(value);
  }

  private static void name(ByteArrayOutputStream out, String name) {
    if (!name.equals(".")) {
      for (String label : name.split("\\.", -1)) {
        label(out, label);
      }
    }
    out.write(0);
  }

  private static void label(ByteArrayOutputStream out, String label) {
    byte[] bytes = label.getBytes(StandardCharsets.ISO_8859_1);
    out.write(bytes.length);
    out.writeBytes(bytes);
  }

  /**
   * What does not hold; null: all does.
   *
   * @param answer null: none came
   */
  static @Nullable String objection(String words, byte[] question, byte @Nullable [] answer) {
    if (words.equals("none")) {
      return answer == null ? null : "an answer came";
    }
    if (answer == null) {
      return "no answer came";
    }
    if (answer.length < 12 || answer[0] != question[0] || answer[1] != question[1]) {
      return "the id is another";
    }
    if (answer[2] >= 0) {
      return "it does not say that it is an answer";
    }
    Message message;
    try {
      message = new Message(answer);
    } catch (IOException | RuntimeException e) {
      return "it cannot be read: " + e;
    }
    for (String word : words.split(" +", -1)) {
      if (!holds(word, question, answer, message)) {
        return word + " does not hold of " + summary(message, answer);
      }
    }
    return null;
  }

  static String summary(Message message, byte[] answer) {
    return Rcode.string(message.getRcode())
        + ", "
        + answer.length
        + " bytes, "
        + message.toString().replaceAll("\\s+", " ");
  }

  private static boolean holds(String word, byte[] question, byte[] answer, Message message) {
    if (word.startsWith("!")) {
      return !holds(word.substring(1), question, answer, message);
    }
    String[] parts = word.split("[<>]?=", 2);
    String key = parts[0];
    String value = parts.length > 1 ? parts[1] : "";
    OPTRecord opt = message.getOPT();
    return switch (key) {
      case "aa" -> message.getHeader().getFlag(Flags.AA);
      case "tc" -> message.getHeader().getFlag(Flags.TC);
      case "rd" -> message.getHeader().getFlag(Flags.RD);
      case "ra" -> message.getHeader().getFlag(Flags.RA);
      case "ad" -> message.getHeader().getFlag(Flags.AD);
      case "cd" -> message.getHeader().getFlag(Flags.CD);
      case "z" -> (answer[3] & 0x40) != 0;
      case "qd" -> compares(word, (answer[4] & 0xFF) << 8 | (answer[5] & 0xFF));
      case "an" -> compares(word, message.getSection(Section.ANSWER).size());
      case "ns" -> compares(word, message.getSection(Section.AUTHORITY).size());
      case "ar" ->
          compares(word, message.getSection(Section.ADDITIONAL).size() - (opt == null ? 0 : 1));
      case "size" -> compares(word, answer.length);
      case "small" -> answer.length <= question.length;
      case "has" -> has(message.getSection(Section.ANSWER), value);
      case "auth" -> has(message.getSection(Section.AUTHORITY), value);
      case "add" -> has(message.getSection(Section.ADDITIONAL), value);
      case "ttl" ->
          message.getSection(Section.ANSWER).stream()
              .allMatch(record -> compares(word, (int) record.getTTL()));
      case "opt" -> opt != null;
      case "option" -> opt != null && option(opt, value);
      case "echo" -> echoes(question, answer);
      default -> message.getRcode() == rcode(key);
    };
  }

  private static int rcode(String name) {
    return name.equals("BADVERS") ? 16 : name.equals("BADCOOKIE") ? 23 : Rcode.value(name);
  }

  private static boolean compares(String word, int actual) {
    int wanted = Integer.parseInt(word.replaceAll(".*=", ""));
    return word.contains(">=")
        ? actual >= wanted
        : word.contains("<=") ? actual <= wanted : actual == wanted;
  }

  private static boolean has(List<Record> records, String wanted) {
    String type = wanted.split(":", 2)[0];
    String data = wanted.contains(":") ? wanted.substring(type.length() + 1) : "";
    for (Record record : records) {
      if (record.getType() == type(type)
          && (data.isEmpty() || same(type, record.rdataToString(), data.replace('_', ' ')))) {
        return true;
      }
      if (record.getType() == type(type) && data.startsWith("_")) {
        return true;
      }
    }
    return false;
  }

  private static boolean same(String type, String one, String other) {
    try {
      return type.equals("AAAA")
          ? InetAddress.getByName(one).equals(InetAddress.getByName(other))
          : one.toLowerCase(Locale.ROOT).equals(other.toLowerCase(Locale.ROOT));
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static boolean option(OPTRecord opt, String wanted) {
    String[] parts = wanted.split(":", 2);
    for (EDNSOption option : opt.getOptions()) {
      if (option.getCode() == Integer.parseInt(parts[0])) {
        byte[] whole;
        try {
          whole = option.toWire();
        } catch (RuntimeException e) {
          return false;
        }
        String data = HexFormat.of().formatHex(whole, 4, whole.length);
        return parts.length == 1 || data.startsWith(parts[1].toLowerCase(Locale.ROOT));
      }
    }
    return false;
  }

  /** The question section, byte for byte. */
  private static boolean echoes(byte[] question, byte[] answer) {
    int at = 12;
    while (at < question.length && question[at] != 0) {
      at += (question[at] & 0xFF) + 1;
    }
    int end = at + 5;
    if (answer.length < end || answer[5] != 1) {
      return false;
    }
    for (int i = 12; i < end; i++) {
      if (question[i] != answer[i]) {
        return false;
      }
    }
    return true;
  }
}
