package io.fairlead.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.Cidr;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.RouteMatch;
import io.fairlead.route.RouteTable.Entry;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteTableTest {
  private final long seed = System.nanoTime();
  private final SplittableRandom random = new SplittableRandom(seed);

  @ParameterizedTest
  @CsvSource({
    "/a/b,       /a/b,        true",
    "/a/b,       /a/b/,       false",
    "/a/b,       /a,          false",
    "/a/b,       /a/bb,       false",
    "/a/,        /a/,         true",
    "/a/,        /a,          false",
    "/,          /,           true",
    "/,          /a,          false",
    "/a/*,       /a/b,        true",
    "/a/*,       /a/,         false",
    "/a/*,       /a,          false",
    "/a/*,       /a/b/c,      false",
    "/*/b,       /a/b,        true",
    "/*/b,       //b,         false",
    "/*/*/*,     /a/b/c,      true",
    "/*/*/*,     /a/b,        false",
    "/api/**,    /api,        true",
    "/api/**,    /api/,       true",
    "/api/**,    /api/x/y,    true",
    "/api/**,    /apix,       false",
    "/api/**,    /,           false",
    "/a/*/**,    /a/b,        true",
    "/a/*/**,    /a/b/c/d,    true",
    "/a/*/**,    /a,          false",
    "/**,        /,           true",
    "/**,        /a/b,        true",
    "/**,        *,           false",
    "/*,         *,           false",
    "/A,         /a,          false",
    "/u/{id},    /u/7,        true",
    "/u/{id},    /u/,         false",
    "/u/{id}/**, /u/7/x,      true",
  })
  void paths(String pattern, String path, boolean matches) {
    RouteMatch rule = new RouteMatch(List.of(), List.of(pattern), List.of(), Map.of());
    agreesThat(matches, rule, "GET shop.example " + path);
  }

  @ParameterizedTest
  @CsvSource({
    "shop.example,      shop.example,        true",
    "shop.example,      www.shop.example,    false",
    "shop.example,      shop.example.org,    false",
    "*.shop.example,    www.shop.example,    true",
    "*.shop.example,    a.b.shop.example,    true",
    "*.shop.example,    shop.example,        false",
    "*.shop.example,    .shop.example,       false",
    "*.shop.example,    myshop.example,      false",
    "*.example,         shop.example,        true",
    "10.0.0.1,          10.0.0.1,            true",
  })
  void hosts(String pattern, String host, boolean matches) {
    RouteMatch rule = new RouteMatch(List.of(pattern), List.of(), List.of(), Map.of());
    agreesThat(matches, rule, "GET " + host + " /");
  }

  @ParameterizedTest
  @CsvSource({
    "GET,    x-beta, 1,  'GET h /\nx-beta: 1',           true",
    "GET,    x-beta, 1,  'POST h /\nx-beta: 1',          false",
    "GET,    x-beta, 1,  'get h /\nx-beta: 1',           false",
    "GET,    x-beta, 1,  'GET h /\nx-beta: 11',          false",
    "GET,    x-beta, 1,  'GET h /',                      false",
    "GET,    x-beta, *,  'GET h /\nx-beta: ',            true",
    "GET,    x-beta, *,  'GET h /\nx-gamma: 1',          false",
    "GET,    x-beta, 1,  'GET h /\na: b\nx-beta: 1',     true",
    "GET,    x-beta, 2,  'GET h /\nx-beta: 1\nx-beta: 2', false",
  })
  void methodsAndHeaders(
      String method, String header, String value, String request, boolean matches) {
    RouteMatch rule =
        new RouteMatch(List.of(), List.of(), List.of("PUT", method), Map.of(header, value));
    agreesThat(matches, rule, request);
  }

  @Test
  void aRequestForTheServerItselfMatchesRoutesWithoutPath() {
    agreesThat(true, RouteMatch.ANY, "OPTIONS shop.example *");
  }

  @Test
  void theFirstInTheFileWinsHoweverItIsWritten() {
    RouteMatch wide = new RouteMatch(List.of(), List.of("/**"), List.of(), Map.of());
    RouteMatch narrow = new RouteMatch(List.of("shop.example"), List.of("/a"), List.of(), Map.of());
    TextRequest request = new TextRequest("GET shop.example /a");
    assertThat(name(table(wide, narrow).match(request))).isEqualTo("r0");
    assertThat(name(table(narrow, wide).match(request))).isEqualTo("r0");
  }

  @Test
  void aHigherPriorityWinsWhereverItStands() {
    RouteTable<String> table =
        table(
            List.of(
                route("low", -1, RouteMatch.ANY),
                route("first", 0, RouteMatch.ANY),
                route("second", 0, RouteMatch.ANY),
                route("post", 10, new RouteMatch(List.of(), List.of(), List.of("POST"), Map.of())),
                route("high", 5, RouteMatch.ANY)));
    assertThat(name(table.match(new TextRequest("GET h /")))).isEqualTo("high");
    assertThat(name(table.match(new TextRequest("POST h /")))).isEqualTo("post");
    Explanation<String> explanation = table.explain(new TextRequest("GET h /"));
    assertThat(name(explanation.matched())).isEqualTo("high");
    assertThat(said(explanation.refusals())).containsExactly("post: method \"GET\" is not POST");
    assertThat(said(explanation.beaten()))
        .containsExactly(
            "first: its priority is 0, that of high is 5",
            "second: its priority is 0, that of high is 5",
            "low: its priority is -1, that of high is 5");
    table = table(List.of(route("a", 0, RouteMatch.ANY), route("b", 0, RouteMatch.ANY)));
    assertThat(said(table.explain(new TextRequest("GET h /")).beaten()))
        .containsExactly("b: it stands below a");
  }

  private static RouteConfig route(String name, int priority, RouteMatch match) {
    RouteConfig plain = new RouteConfig(name, match, "s", Duration.ofSeconds(1));
    return new RouteConfig(
        name,
        match,
        priority,
        plain.action(),
        plain.timeout(),
        plain.timeouts(),
        plain.webSocket(),
        plain.access(),
        plain.auth(),
        plain.rateLimits(),
        plain.bodyBytes(),
        plain.requestHeaders(),
        plain.responseHeaders(),
        plain.compress(),
        plain.cache(),
        plain.errors(),
        plain.retry(),
        plain.importance(),
        plain.trial(),
        plain.filters());
  }

  private static RouteTable<String> table(List<RouteConfig> routes) {
    return RouteTable.of(routes.stream().map(route -> new Entry<>(route, route.name())).toList());
  }

  private static List<String> said(List<Explanation.Refusal> refusals) {
    return refusals.stream().map(refusal -> refusal.route() + ": " + refusal.reason()).toList();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "query  | q=1    | /?q=1            | true",
        "query  | q=1    | /?a=b&q=1&c      | true",
        "query  | q=1    | /?%71=%31        | true",
        "query  | q=1    | /?q=2&q=1        | false",
        "query  | q=1    | /?qq=1           | false",
        "query  | q=1    | /                | false",
        "query  | q=*    | /?q              | true",
        "query  | q=*    | /?Q=1            | false",
        "query  | q=a b  | /?q=a+b          | true",
        "query  | q=a%   | /?q=a%           | true",
        "query  | q=a&b  | /?q=a%26b        | true",
        "query  | q=*a*b | /?q=xa%61yb      | true",
        "cookie | c=1    | a=b; c=1         | true",
        "cookie | c=1    | c=1;a=b          | true",
        "cookie | c=1    | xc=1             | false",
        "cookie | c=1    | C=1              | false",
        "cookie | c=1    | a=c=1            | false",
        "cookie | c=1    | c=2; c=1         | false",
        "cookie | c=*    | a=b              | false",
        "cookie | c=x*   | c=xyz            | true",
        "client | 10.0.0.0/8    | 10.1.2.3  | true",
        "client | 10.0.0.0/8    | 11.1.2.3  | false",
        "client | 0.0.0.0/0     | ::1       | false",
        "client | fd00::/8      | fdff::1   | true",
        "client | ::/0          | 10.0.0.1  | false",
        "client | 192.0.2.7     | 192.0.2.7 | true",
        "header | x=curl/*      | curl/8.1  | true",
        "header | x=curl/*      | curl      | false",
        "header | x=*bot*       | a bot b   | true",
        "header | x=a*b*c       | abcbc     | true",
        "header | x=a*b*c       | acb       | false",
        "header | x=aa*aa       | aaa       | false",
      })
  void furtherConditions(String part, String wanted, String given, boolean matches) {
    int equals = wanted.indexOf('=');
    Map<String, String> value =
        equals < 0 ? Map.of() : Map.of(wanted.substring(0, equals), wanted.substring(equals + 1));
    RouteMatch rule =
        new RouteMatch(
            List.of(),
            List.of(),
            List.of(),
            part.equals("header") ? value : Map.of(),
            part.equals("query") ? value : Map.of(),
            part.equals("cookie") ? value : Map.of(),
            part.equals("client") ? List.of(Cidr.parse(wanted)) : List.of(),
            List.of());
    TextRequest request =
        switch (part) {
          case "query" -> new TextRequest("GET h " + given);
          case "client" -> new TextRequest("GET h /", InetAddress.ofLiteral(given));
          default ->
              new TextRequest("GET h /\n" + (part.equals("header") ? "x" : part) + ": " + given);
        };
    RouteTable<String> table = table(rule);
    assertThat(table.match(request) != null).as("match").isEqualTo(matches);
    assertThat(table.explain(request).matched() != null).as("explain").isEqualTo(matches);
  }

  @Test
  void cookiesMayComeInSeveralFields() {
    RouteMatch rule =
        new RouteMatch(
            List.of(),
            List.of(),
            List.of(),
            Map.of(),
            Map.of(),
            Map.of("c", "1"),
            List.of(),
            List.of());
    agreesThat(true, rule, "GET h /\ncookie: a=b\nx: y\ncookie: c=1");
  }

  @Test
  void anEmptyTableMatchesNothing() {
    assertThat(table().match(new TextRequest("GET h /"))).isNull();
  }

  @Test
  void explainNamesTheFirstPartThatDidNotMatch() {
    RouteTable<String> table =
        table(
            new RouteMatch(List.of("a.example", "*.b.example"), List.of(), List.of(), Map.of()),
            new RouteMatch(List.of(), List.of("/api/**"), List.of(), Map.of()),
            new RouteMatch(List.of(), List.of(), List.of("POST"), Map.of()),
            new RouteMatch(List.of(), List.of(), List.of(), Map.of("x-beta", "1")),
            new RouteMatch(List.of(), List.of(), List.of(), Map.of("x-user", "*")),
            RouteMatch.ANY,
            RouteMatch.ANY);
    Explanation<String> explanation =
        table.explain(new TextRequest("GET shop.example /\nx-beta: 2"));
    assertThat(name(explanation.matched())).isEqualTo("r5");
    assertThat(explanation.refused()).isEqualTo(5);
    assertThat(explanation.refusals())
        .extracting(refusal -> refusal.route() + ": " + refusal.reason())
        .containsExactly(
            "r0: host \"shop.example\" is not a.example or *.b.example",
            "r1: path \"/\" is not /api/**",
            "r2: method \"GET\" is not POST",
            "r3: header x-beta is \"2\", not \"1\"",
            "r4: header x-user is absent");
  }

  @Test
  void explainListsNoMoreThanFitsOnAScreen() {
    RouteMatch[] rules = new RouteMatch[1000];
    java.util.Arrays.setAll(
        rules, i -> new RouteMatch(List.of("h" + i), List.of(), List.of(), Map.of()));
    Explanation<String> explanation = table(rules).explain(new TextRequest("GET h999 /"));
    assertThat(name(explanation.matched())).isEqualTo("r999");
    assertThat(explanation.refused()).isEqualTo(999);
    assertThat(explanation.refusals()).hasSize(Explanation.MAX_REFUSALS);
  }

  /** The index against first-match by comparing strings, over tables made to collide. */
  @Test
  void theIndexFindsWhatComparingOneByOneFinds() {
    int hits = 0;
    int requests = 0;
    for (int round = 0; round < 300; round++) {
      RouteMatch[] rules = new RouteMatch[1 + random.nextInt(round % 10 == 0 ? 400 : 20)];
      java.util.Arrays.setAll(rules, _ -> randomRule());
      RouteTable<String> table = table(rules);
      for (int i = 0; i < 200; i++) {
        String text = randomRequest();
        TextRequest request = new TextRequest(text);
        String expected = "none";
        for (int r = 0; r < rules.length; r++) {
          if (Refusals.reason(rules[r], request) == null) {
            expected = "r" + r;
            hits++;
            break;
          }
        }
        requests++;
        assertThat(name(table.match(request)))
            .as("seed %s: %s among %s rules", seed, text, rules.length)
            .isEqualTo(expected);
      }
    }
    // a property that never meets a match, or nothing else, says nothing
    assertThat(hits).as("seed %s", seed).isBetween(requests / 20, requests * 19 / 20);
  }

  @Test
  void manyStarsCostNoMoreThanTheTreeHasPlaces() {
    // Every pattern of twelve segments, each a or *: the path fits all 4,096, the method none. Each
    // has to be considered once, and no more than once.
    List<RouteMatch> rules = new ArrayList<>();
    for (int pattern = 0; pattern < 1 << 12; pattern++) {
      StringBuilder path = new StringBuilder();
      for (int bit = 0; bit < 12; bit++) {
        path.append((pattern >> bit & 1) == 0 ? "/a" : "/*");
      }
      rules.add(new RouteMatch(List.of(), List.of(path.toString()), List.of("PUT"), Map.of()));
    }
    RouteTable<String> table = table(rules.toArray(RouteMatch[]::new));
    int[] looked = new int[1];
    RequestView counting =
        new ForwardingRequest(new TextRequest("GET h " + "/a".repeat(12))) {
          @Override
          public int methodStart() {
            looked[0]++;
            return super.methodStart();
          }
        };
    assertThat(table.match(counting)).isNull();
    assertThat(looked[0]).isEqualTo(1 << 12);
  }

  private static class ForwardingRequest implements RequestView {
    private final RequestView to;

    ForwardingRequest(RequestView to) {
      this.to = to;
    }

    @Override
    public byte[] bytes() {
      return to.bytes();
    }

    @Override
    public int hostStart() {
      return to.hostStart();
    }

    @Override
    public int hostEnd() {
      return to.hostEnd();
    }

    @Override
    public int pathStart() {
      return to.pathStart();
    }

    @Override
    public int pathEnd() {
      return to.pathEnd();
    }

    @Override
    public int methodStart() {
      return to.methodStart();
    }

    @Override
    public int methodEnd() {
      return to.methodEnd();
    }

    @Override
    public int queryStart() {
      return to.queryStart();
    }

    @Override
    public int queryEnd() {
      return to.queryEnd();
    }

    @Override
    public int findField(byte[] lowerCaseName, int from) {
      return to.findField(lowerCaseName, from);
    }

    @Override
    public int valueStart(int field) {
      return to.valueStart(field);
    }

    @Override
    public int valueEnd(int field) {
      return to.valueEnd(field);
    }

    @Override
    public long clientHigh() {
      return to.clientHigh();
    }

    @Override
    public long clientLow() {
      return to.clientLow();
    }
  }

  private RouteMatch randomRule() {
    return new RouteMatch(
        some(2, () -> (random.nextInt(3) == 0 ? "*." : "") + randomHost()),
        some(3, this::randomPattern),
        random.nextInt(4) == 0 ? List.of(one("GET", "POST")) : List.of(),
        random.nextInt(4) == 0 ? Map.of(one("x", "y"), one("*", "1", "2", "1*")) : Map.of(),
        random.nextInt(6) == 0 ? Map.of(one("q", "r"), one("*", "1", "*a*")) : Map.of(),
        random.nextInt(6) == 0 ? Map.of(one("c", "d"), one("*", "1", "a*")) : Map.of(),
        random.nextInt(6) == 0 ? List.of(Cidr.parse(one("127.0.0.0/8", "::/0"))) : List.of(),
        List.of());
  }

  private String randomRequest() {
    String path = random.nextInt(30) == 0 ? "*" : randomPath("a", "b", "c", "");
    return one("GET", "POST", "PUT")
        + " "
        + randomHost()
        + " "
        + path
        + one("", "", "?", "?q", "?q=1&r=a", "?r=%61b&q=2", "?&&q==a&r=+", "?%71=1")
        + one("", "", "\ncookie: c=1; d=ab", "\ncookie: d = 1;c= a\ncookie: d=a", "\ncookie: cc=1;")
        + (random.nextBoolean() ? "\n" + one("x", "y") + ": " + one("1", "2", "") : "");
  }

  private String randomPattern() {
    return randomPath("a", "b", "*", "") + (random.nextInt(3) == 0 ? "/**" : "");
  }

  private String randomPath(String... segments) {
    StringBuilder path = new StringBuilder();
    for (int i = random.nextInt(5); i >= 0; i--) {
      path.append('/').append(one(segments));
    }
    return path.toString();
  }

  private String randomHost() {
    StringBuilder host = new StringBuilder(one("x", "y"));
    for (int i = random.nextInt(3); i > 0; i--) {
      host.insert(0, one("x", "y", "xy") + ".");
    }
    return host.toString();
  }

  private List<String> some(int upTo, java.util.function.Supplier<String> make) {
    List<String> made = new ArrayList<>();
    for (int i = random.nextInt(upTo + 1); i > 0; i--) {
      made.add(make.get());
    }
    return made;
  }

  private String one(String... of) {
    return of[random.nextInt(of.length)];
  }

  private static void agreesThat(boolean matches, RouteMatch rule, String request) {
    RouteTable<String> table = table(rule);
    TextRequest view = new TextRequest(request);
    assertThat(table.match(view) != null).as("match").isEqualTo(matches);
    assertThat(table.explain(view).matched() != null).as("explain").isEqualTo(matches);
  }

  private static RouteTable<String> table(RouteMatch... rules) {
    List<Entry<String>> entries = new ArrayList<>();
    for (RouteMatch rule : rules) {
      String name = "r" + entries.size();
      entries.add(new Entry<>(new RouteConfig(name, rule, "s", Duration.ofSeconds(1)), name));
    }
    return RouteTable.of(entries);
  }

  private static String name(@Nullable Entry<String> entry) {
    return entry == null ? "none" : entry.target();
  }
}
