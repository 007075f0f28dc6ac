package io.fairlead.proxy.http;

import io.fairlead.proxy.http.CorpusCase.Ending;
import io.fairlead.proxy.http.CorpusCase.Expected;
import io.fairlead.proxy.http.CorpusCase.Item;
import io.fairlead.proxy.http.CorpusCase.NodeRule;
import io.fairlead.proxy.http.CorpusCase.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Says what is wrong with what a client and a node saw.
 *
 * <p>This is the one place that knows how Fairlead writes a message out: the first line and the
 * kept fields exactly, in their order and spelling; what Fairlead adds ({@link #ADDED_TO_REQUESTS},
 * {@link #ADDED_TO_RESPONSES}) exactly once and anywhere; the framing and the fields of the
 * connection anywhere; the body after its framing was taken off.
 */
final class Judge {

  private static final Pattern ID = Pattern.compile("[0-9A-Za-z_-]{8,64}");
  private static final Pattern DATE =
      Pattern.compile("[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT");
  private static final String ANY_ID = "{id}";

  /** What every request to a node carries besides the client's fields. */
  private static final Map<String, String> ADDED_TO_REQUESTS =
      Map.of(
          "x-forwarded-for", "{client}",
          "x-forwarded-proto", "http",
          "via", "1.1 fairlead",
          "x-request-id", ANY_ID);

  /** What every response of a node carries besides the node's fields. */
  private static final Map<String, String> ADDED_TO_RESPONSES =
      Map.of("via", "1.1 fairlead", "x-request-id", ANY_ID);

  /** Fields of one connection: written anew, so their place says nothing. */
  private static final Set<String> OF_THE_CONNECTION =
      Set.of("content-length", "transfer-encoding", "connection", "upgrade");

  private final CorpusCase corpusCase;
  private final String client;
  private final String node;

  /**
   * A judge of one case.
   *
   * @param client the address of the client as the proxy sees it
   * @param node address and port of the node
   */
  Judge(CorpusCase corpusCase, String client, String node) {
    this.corpusCase = corpusCase;
    this.client = client;
    this.node = node;
  }

  /** Everything wrong at the node; empty when nothing is. */
  List<String> atNode(List<Received> requests) {
    List<String> problems = new ArrayList<>();
    requests.stream()
        .filter(request -> request.doubt != null)
        .forEach(request -> problems.add("the node got something doubtful: " + request.doubt));
    int wanted = corpusCase.nodeGets().size();
    boolean mayBeCut = corpusCase.node() == NodeRule.INCOMPLETE;
    long complete = requests.stream().filter(Received::isComplete).count();
    if (mayBeCut) {
      // The request that lacks its end is described like the others but must never be complete.
      int before = Math.max(0, wanted - 1);
      if (complete > before) {
        problems.add("the node got a complete request, which it must never get");
      }
      if (requests.size() > before + 1 || complete < before) {
        problems.add(
            "the node got " + requests.size() + " requests, not " + before + " and a part");
      }
    } else if (complete != wanted || requests.size() != wanted) {
      problems.add(
          "the node got %d requests, %d of them complete, not %d"
              .formatted(requests.size(), complete, wanted));
    }
    for (int i = 0; i < Math.min(requests.size(), wanted); i++) {
      Received request = requests.get(i);
      boolean cut = mayBeCut && i == wanted - 1;
      if (!cut || request.progress.compareTo(Received.Progress.IN_BODY) >= 0) {
        compare("request " + (i + 1), corpusCase.nodeGets().get(i), request, true, cut, problems);
      }
    }
    return problems;
  }

  /** Everything wrong at the client; empty when one of the outcomes holds. */
  List<String> atClient(RawClient.Saw saw) {
    List<String> first = List.of();
    for (Outcome outcome : corpusCase.outcomes()) {
      List<String> problems = against(outcome, saw);
      if (problems.isEmpty()) {
        return List.of();
      }
      first = first.isEmpty() ? problems : first;
    }
    return first;
  }

  /** Whether the id that the client got is the one that the node got; for pairs that have both. */
  List<String> sameIds(List<Received> requests, RawClient.Saw saw) {
    List<Received> passed =
        saw.responses().stream()
            .filter(response -> !response.isInformational() && !isOurs(response))
            .toList();
    List<String> problems = new ArrayList<>();
    for (int i = 0; passed.size() == requests.size() && i < passed.size(); i++) {
      if (!passed.get(i).values("x-request-id").equals(requests.get(i).values("x-request-id"))) {
        problems.add("client and node were told different ids of exchange " + (i + 1));
      }
    }
    return problems;
  }

  /** Whether Fairlead made the response. */
  static boolean isOurs(Received response) {
    return !response.values("fairlead-error").isEmpty();
  }

  private List<String> against(Outcome outcome, RawClient.Saw saw) {
    List<String> problems = new ArrayList<>();
    List<Received> left = new ArrayList<>(saw.responses());
    int fromNode = 0;
    for (int i = 0; i < outcome.items().size(); i++) {
      Item item = outcome.items().get(i);
      while (item.repeated() && !left.isEmpty() && left.getFirst().status() == item.status()) {
        left.removeFirst();
      }
      if (item.repeated()) {
        continue;
      }
      if (left.isEmpty()) {
        problems.add("the client got no response " + item.status() + " (" + saw.end() + ")");
        break;
      }
      Received response = left.removeFirst();
      boolean cut = outcome.ending() == Ending.CUT && i == outcome.items().size() - 1;
      if (response.doubt != null) {
        problems.add("the client got something doubtful: " + response.doubt);
      } else if (response.status() != item.status()) {
        problems.add("the client got " + response.status() + ", not " + item.status());
      } else if (response.isComplete() == cut) {
        problems.add("response " + item.status() + (cut ? " looks complete" : " is cut off"));
      } else if (item.isOurs()) {
        ours(item, response, problems);
      } else {
        compare(
            "response " + item.status(),
            expectedResponse(fromNode),
            response,
            false,
            cut,
            problems);
        fromNode++;
      }
    }
    left.forEach(extra -> problems.add("the client got more than it should: " + extra.start));
    ending(outcome, saw, problems);
    return problems;
  }

  private Expected expectedResponse(int index) {
    List<Expected> all = corpusCase.clientGets();
    return all.isEmpty() ? Expected.OK : all.get(Math.min(index, all.size() - 1));
  }

  private static void ours(Item item, Received response, List<String> problems) {
    List<String> reasons = response.values("fairlead-error");
    if (reasons.size() != 1 || item.reasons() == null || !item.reasons().containsAll(reasons)) {
      problems.add("fairlead-error is " + reasons + ", not one of " + item.reasons());
    }
  }

  private void ending(Outcome outcome, RawClient.Saw saw, List<String> problems) {
    boolean open = saw.end() == RawClient.End.OPEN;
    boolean ended =
        saw.end() == RawClient.End.CLOSED || (saw.end() == RawClient.End.RESET && hasAll(saw));
    boolean saysClose = RawClient.saysClose(saw.responses());
    boolean right =
        switch (outcome.ending()) {
          case KEEP, TUNNEL -> open && !saysClose;
          case CLOSE -> ended;
          case EITHER -> saysClose ? ended : open;
          case CUT -> saw.end() == RawClient.End.CLOSED || saw.end() == RawClient.End.RESET;
        };
    if (!right) {
      problems.add(
          "the connection is %s%s, not %s"
              .formatted(saw.end(), saysClose ? " (announced)" : "", outcome.ending()));
    }
    boolean mustSay =
        outcome.ending() == Ending.CLOSE
            && !saw.responses().isEmpty()
            && !corpusCase.clientClosesItsSide();
    if (mustSay && !saysClose) {
      problems.add("the last response does not say Connection: close");
    }
  }

  /** A reset takes nothing away from a client that has everything. */
  private static boolean hasAll(RawClient.Saw saw) {
    return saw.responses().stream().allMatch(Received::isComplete);
  }

  private void compare(
      String what,
      Expected expected,
      Received seen,
      boolean toNode,
      boolean cut,
      List<String> problems) {
    same(what + " first line", expected.start(), seen.start, problems);
    Map<String, String> added = toNode ? ADDED_TO_REQUESTS : ADDED_TO_RESPONSES;
    boolean informational = !toNode && seen.isInformational();
    Set<String> elsewhere = OF_THE_CONNECTION;
    Predicate<Field> kept =
        field ->
            !added.containsKey(field.lowerName())
                && !elsewhere.contains(field.lowerName())
                && (toNode || !isNewDate(field, expected));
    same(
        what + " fields",
        expected.fields().stream().filter(kept).map(this::filled).toList(),
        seen.fields.stream().filter(kept).toList(),
        problems);
    added.forEach((name, usual) -> {
      List<String> own = Field.values(expected.fields(), name);
      String wanted = own.isEmpty() ? usual : String.join(", ", own);
      String actual = String.join(", ", seen.values(name));
      boolean right =
          wanted.equals(ANY_ID) ? ID.matcher(actual).matches() : actual.equals(fill(wanted));
      if (!right && !(informational && actual.isEmpty())) {
        problems.add("%s %s: is <%s>, not <%s>".formatted(what, name, actual, wanted));
      }
    });
    for (String name : List.of("content-length", "transfer-encoding")) {
      same(what + " " + name, Field.values(expected.fields(), name), seen.values(name), problems);
    }
    if (toNode || seen.status() == 101) {
      for (String name : List.of("connection", "upgrade")) {
        same(
            what + " " + name,
            lower(Field.values(expected.fields(), name)),
            lower(seen.values(name)),
            problems);
      }
    }
    if (cut) {
      if (!expected.body().startsWith(seen.body.toString())) {
        problems.add(what + " body is not a beginning of the right one: " + seen);
      }
    } else {
      same(what + " body", expected.body(), seen.body.toString(), problems);
      same(what + " trailers", expected.trailers(), seen.trailers, problems);
    }
  }

  /** RFC 9110 section 6.6.1 lets a proxy date a response that its maker did not date. */
  private static boolean isNewDate(Field field, Expected expected) {
    return field.is("Date")
        && Field.values(expected.fields(), "Date").isEmpty()
        && DATE.matcher(field.value()).matches();
  }

  private static void same(String what, Object expected, Object seen, List<String> problems) {
    if (!expected.equals(seen)) {
      problems.add(
          "%s: <%s>, not <%s>"
              .formatted(what, shortened(seen.toString()), shortened(expected.toString())));
    }
  }

  private static String shortened(String text) {
    return Escapes.escape(text.length() > 400 ? text.substring(0, 400) + "…" : text);
  }

  private Field filled(Field field) {
    return new Field(field.name(), fill(field.value()));
  }

  private String fill(String value) {
    return value.replace("{client}", client).replace("{node}", node);
  }

  private static List<String> lower(List<String> values) {
    return values.stream().map(value -> value.toLowerCase(Locale.ROOT)).toList();
  }

  /** Both sides in words, for the report of a failure. */
  static String describe(List<Received> requests, RawClient.Saw saw) {
    Map<String, List<Received>> sides = new LinkedHashMap<>();
    sides.put("client (" + saw.end() + ")", saw.responses());
    sides.put("node", requests);
    StringBuilder text = new StringBuilder();
    sides.forEach((side, messages) -> {
      text.append("\n  ").append(side).append(" got ").append(messages.size()).append(':');
      messages.forEach(message -> text.append("\n    ").append(message));
    });
    return text.toString();
  }
}
