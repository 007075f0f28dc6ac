package io.fairlead.config;

import io.fairlead.config.AlertRuleConfig.Level;
import io.fairlead.config.AlertScope.Part;
import io.fairlead.config.AlertsConfig.GroupLabel;
import io.fairlead.config.ReceiverConfig.MailTls;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an operator can write about alerts. */
final class AlertsLanguage {
  private static final Scalar<String> NAME = Scalar.text("name", Syntax.NAME_PATTERN, Syntax::name);
  private static final Scalar<String> NODE_NAME = Scalar.text("name", null, Syntax::nodeName);

  // receivers

  private static final Key<Secret> URL =
      Key.required(
          "url",
          Scalar.secret("URL or file:PATH"),
          "Where; appears in no message, since many have a secret in them.",
          "\"file:secrets/chat-url\"");
  private static final Key<Map<String, Secret>> HEADERS =
      OutboundKeys.headers("the request", "secrets/chat");

  static final Obj<ReceiverConfig.Webhook> WEBHOOK =
      new Obj<>(
          "webhook",
          "Gets messages as JSON by POST. A URL alone stands for it.",
          List.of(URL, HEADERS, OutboundKeys.CA),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.secret("URL or file:PATH"),
              (url, _) -> new ReceiverConfig.Webhook(url, Map.of(), List.of())),
          (values, _) -> {
            ReceiverConfig.Webhook webhook =
                new ReceiverConfig.Webhook(
                    values.get(URL), headers(values), values.get(OutboundKeys.CA));
            TlsLanguage.readAuthorities("ca", webhook.ca());
            return webhook;
          });

  static final Obj<ReceiverConfig.Alertmanager> ALERTMANAGER =
      new Obj<>(
          "alertmanager",
          "Prometheus Alertmanager, by its API of version 2. A URL alone stands for it.",
          List.of(URL, HEADERS, OutboundKeys.CA),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.secret("URL or file:PATH"),
              (url, _) -> new ReceiverConfig.Alertmanager(url, Map.of(), List.of())),
          (values, _) -> {
            ReceiverConfig.Alertmanager alertmanager =
                new ReceiverConfig.Alertmanager(
                    values.get(URL), headers(values), values.get(OutboundKeys.CA));
            TlsLanguage.readAuthorities("ca", alertmanager.ca());
            return alertmanager;
          });

  private static final Scalar<String> ADDRESS =
      Scalar.text("address", null, ReceiverConfig.Email::address);
  private static final Key<List<String>> MAIL_TO =
      Key.required("to", new ListOf<>("addresses", ADDRESS), "Who gets it.", "ops@example.org");
  private static final Key<String> MAIL_FROM =
      Key.required("from", ADDRESS, "Who it is from.", "fairlead@example.org");
  private static final Key<HostPort> SMTP =
      Key.required(
          "smtp",
          Scalar.parsed("address", HostPort::parse),
          "The mail server, usually at port 587.",
          "\"mail.example.org:587\"");
  private static final Key<MailTls> MAIL_TLS =
      Key.computed(
          "tls",
          Scalar.word(MailTls.class),
          "starttls; tls where the port of smtp is 465",
          "How the connection is protected; with `starttls` nothing is sent to a server that does"
              + " not offer it.",
          "starttls");
  private static final Key<String> USER =
      Key.computed(
          "user",
          Scalar.text("name", null, text -> text.isEmpty() ? "must not be empty" : null),
          "nobody logs in",
          "Who logs in: by `PLAIN` or `LOGIN`.",
          "fairlead");
  private static final Key<Secret> PASSWORD =
      Key.computed(
          "password",
          Scalar.secret("secret"),
          "none",
          "Password of that user, or `file:PATH`; appears in no message.",
          "\"file:secrets/mail\"");

  static final Obj<ReceiverConfig.Email> EMAIL =
      new Obj<>(
          "email",
          "Gets mail.",
          List.of(MAIL_TO, MAIL_FROM, SMTP, MAIL_TLS, USER, PASSWORD, OutboundKeys.CA),
          List.of(),
          null,
          (values, _) -> {
            TlsLanguage.readAuthorities("ca", values.get(OutboundKeys.CA));
            HostPort smtp = values.get(SMTP);
            return new ReceiverConfig.Email(
                values.get(MAIL_TO),
                values.get(MAIL_FROM),
                smtp,
                orElse(values.find(MAIL_TLS), smtp.port() == 465 ? MailTls.TLS : MailTls.STARTTLS),
                orElse(values.find(USER), ""),
                orElse(values.find(PASSWORD), new Secret("")),
                values.get(OutboundKeys.CA));
          });

  private static final Key<ReceiverConfig.Webhook> BY_WEBHOOK =
      Key.computed(
          "webhook",
          WEBHOOK,
          "none",
          "Messages as JSON, which chat systems take as well.",
          "\"file:secrets/chat-url\"");
  private static final Key<ReceiverConfig.Email> BY_EMAIL =
      Key.computed(
          "email",
          EMAIL,
          "none",
          "Messages by mail.",
          "{ to: ops@example.org, from: fairlead@example.org, smtp: \"mail.example.org:587\" }");
  private static final Key<ReceiverConfig.Alertmanager> BY_ALERTMANAGER =
      Key.computed(
          "alertmanager",
          ALERTMANAGER,
          "none",
          "Alerts for Prometheus Alertmanager.",
          "\"http://127.0.0.1:9093\"");

  static final Obj<ReceiverConfig> RECEIVER =
      new Obj<>(
          "receiver",
          "Somebody who is told: one of webhook, email and alertmanager.",
          List.of(BY_WEBHOOK, BY_EMAIL, BY_ALERTMANAGER),
          List.of(),
          null,
          (values, _) -> {
            ReceiverConfig webhook = values.find(BY_WEBHOOK);
            ReceiverConfig email = values.find(BY_EMAIL);
            ReceiverConfig alertmanager = values.find(BY_ALERTMANAGER);
            ReceiverConfig one = webhook != null ? webhook : email != null ? email : alertmanager;
            int given =
                (webhook == null ? 0 : 1)
                    + (email == null ? 0 : 1)
                    + (alertmanager == null ? 0 : 1);
            if (one == null || given > 1) {
              throw Require.refusal("must have one of webhook, email and alertmanager");
            }
            return one;
          });

  // rules

  private static final Key<String> RULE_NAME =
      Key.required(
          "name",
          NAME,
          "Appears in alerts. Named as a built-in rule it takes that one's place.",
          "slow-shop");
  private static final Key<AlertCondition> WHEN =
      Key.computed(
          "when",
          Scalar.parsed("condition", ConditionText::parse),
          "see slo",
          "The condition: a measure, `>`, `>=`, `<` or `<=`, and a value (`p99 > 500ms`,"
              + " `error-share > 2%`, `requests < 1/s`), or `no requests`, `incident` or `config"
              + " refused`.",
          "\"p99 > 500ms\"");
  private static final Key<AlertCondition.Threshold> UNTIL =
      Key.computed(
          "until",
          Scalar.parsed("condition", ConditionText::threshold),
          "when does not hold",
          "When it is over, if that is another value of the same measure.",
          "\"p99 < 400ms\"");

  private static final Key<Double> OBJECTIVE =
      Key.required(
          "objective",
          Scalar.parsed("share", Portion::share),
          "Share of requests that have to be good within 30 days.",
          "99.9%");
  private static final Key<Duration> SLOWER_THAN =
      Key.computed(
          "slower-than",
          Scalar.duration(AlertCondition.Burn.SLOWER_THAN),
          "time does not matter",
          "Requests that take longer are not good either.",
          "300ms");
  static final Obj<AlertCondition.Burn> SLO_OBJECT =
      new Obj<>(
          "slo",
          "An objective; its rule fires when the errors that it allows are used up much too fast:"
              + " 14.4 times as fast over 1 h and 5 min, or 6 times over 6 h and 30 min. A share"
              + " alone stands for it.",
          List.of(OBJECTIVE, SLOWER_THAN),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.parsed("share", Portion::share),
              (share, _) -> new AlertCondition.Burn(share, Duration.ZERO)),
          (values, _) ->
              new AlertCondition.Burn(
                  values.get(OBJECTIVE), orElse(values.find(SLOWER_THAN), Duration.ZERO)));
  private static final Key<AlertCondition.Burn> SLO =
      Key.computed(
          "slo",
          SLO_OBJECT,
          "see when",
          "An objective, instead of `when`.",
          "{ objective: 99.9% }");

  private static final Key<String> LISTENER =
      Key.computed("listener", NAME, "all", "Only what came in there.", "web");
  private static final Key<String> ROUTE =
      Key.computed(
          "route",
          Scalar.text("name", null, Syntax::routeName),
          "all",
          "Only what this route took.",
          "web-1");
  private static final Key<String> SERVICE =
      Key.computed("service", NAME, "all", "Only what was for this service.", "shop");
  private static final Key<String> NODE =
      Key.computed("node", NODE_NAME, "all", "Only what this node got.", "b");
  private static final Key<Part> EACH =
      Key.computed(
          "each",
          Scalar.word(Part.class),
          "all together",
          "One alert for each of them.",
          "service");
  private static final Key<Duration> OVER =
      Key.of(
          "over",
          Scalar.duration(AlertRuleConfig.OVER),
          AlertRuleConfig.DEFAULT_OVER,
          "Span of time that is looked at, up to now.",
          "5m");
  private static final Key<Duration> FOR =
      Key.of(
          "for",
          Scalar.duration(AlertRuleConfig.WAIT),
          Duration.ZERO,
          "How long the condition has to hold before anybody is told.",
          "1m");
  private static final Key<Duration> CLEAR_FOR =
      Key.of(
          "clear-for",
          Scalar.duration(AlertRuleConfig.WAIT),
          AlertRuleConfig.DEFAULT_CLEAR,
          "How long it must not hold before it is over.",
          "2m");
  private static final Key<Integer> MIN_REQUESTS =
      Key.of(
          "min-requests",
          Scalar.count(AlertRuleConfig.MIN_REQUESTS),
          AlertRuleConfig.DEFAULT_MIN_REQUESTS,
          "With fewer in the span, shares and quantiles say nothing.",
          "100");
  private static final Key<Level> LEVEL =
      Key.of(
          "level",
          Scalar.word(Level.class),
          Level.BAD,
          "`bad`: users notice; `warn`: they may soon.",
          "warn");
  private static final Key<List<String>> TO =
      Key.of(
          "to",
          new ListOf<>("names", NAME),
          List.of(),
          "all receivers",
          "Who is told.",
          "[chat, team]");

  static final Obj<AlertRuleConfig> RULE =
      new Obj<>(
          "alert rule",
          "One thing that somebody wants to be told of: `when` or `slo`, and where.",
          List.of(
              RULE_NAME,
              WHEN,
              SLO,
              UNTIL,
              LISTENER,
              ROUTE,
              SERVICE,
              NODE,
              EACH,
              OVER,
              FOR,
              CLEAR_FOR,
              MIN_REQUESTS,
              LEVEL,
              TO),
          List.of(),
          null,
          (values, _) -> {
            AlertCondition when = values.find(WHEN);
            AlertCondition slo = values.find(SLO);
            if ((when == null) == (slo == null)) {
              throw Require.refusal("must have one of when and slo");
            }
            return new AlertRuleConfig(
                values.get(RULE_NAME),
                when != null ? when : orElse(slo, new AlertCondition.Incident()),
                Optional.ofNullable(values.find(UNTIL)),
                new AlertScope(
                    orElse(values.find(LISTENER), ""),
                    orElse(values.find(ROUTE), ""),
                    orElse(values.find(SERVICE), ""),
                    orElse(values.find(NODE), "")),
                Optional.ofNullable(values.find(EACH)),
                values.get(OVER),
                values.get(FOR),
                values.get(CLEAR_FOR),
                values.get(MIN_REQUESTS),
                values.get(LEVEL),
                values.get(TO));
          });

  // alerts

  private static final Key<Map<String, ReceiverConfig>> RECEIVERS =
      Key.of(
          "receivers",
          new MapOf<>("receivers", MapOf.Names.OBJECT, RECEIVER),
          Map.of(),
          "nobody",
          "Who can be told, by name.",
          "{ chat: { webhook: \"file:secrets/chat-url\" } }");
  private static final Key<List<AlertRuleConfig>> RULES =
      Key.of(
          "rules",
          new ListOf<>("rules", RULE),
          List.of(),
          "none",
          "Own rules, beside the built-in ones.",
          "[ { name: slow-shop, when: \"p99 > 500ms\", service: shop, for: 1m } ]");
  private static final Key<List<BuiltInRule>> BUILT_IN =
      Key.of(
          "built-in",
          new ListOf<>("rules", Scalar.word(BuiltInRule.class)),
          AlertsConfig.NONE.builtIn(),
          "all",
          "Which built-in rules hold while there is a receiver.",
          "[incident, no-nodes]");
  private static final Key<List<GroupLabel>> GROUP_BY =
      Key.of(
          "group-by",
          new ListOf<>("labels", Scalar.word(GroupLabel.class)),
          AlertsConfig.NONE.groupBy(),
          "[service]",
          "Alerts with the same values there are told in one message.",
          "[service, rule]");
  private static final Key<Duration> GROUP_WAIT =
      Key.of(
          "group-wait",
          Scalar.duration(AlertsConfig.GROUP_WAIT),
          AlertsConfig.NONE.groupWait(),
          "How long the first alert of a group waits for others.",
          "10s");
  private static final Key<Duration> GROUP_INTERVAL =
      Key.of(
          "group-interval",
          Scalar.duration(AlertsConfig.GROUP_INTERVAL),
          AlertsConfig.NONE.groupInterval(),
          "Time between two messages about one group, when something changes.",
          "1m");
  private static final Key<Duration> REPEAT =
      Key.of(
          "repeat",
          Scalar.duration(AlertsConfig.REPEAT),
          AlertsConfig.NONE.repeat(),
          "Time after which a group that goes on is told again.",
          "12h");

  static final Obj<AlertsConfig> ALERTS =
      new Obj<>(
          "alerts",
          "Who is told of what. See [alerts.md](alerts.md).",
          List.of(RECEIVERS, RULES, BUILT_IN, GROUP_BY, GROUP_WAIT, GROUP_INTERVAL, REPEAT),
          List.of(),
          null,
          (values, _) ->
              new AlertsConfig(
                  values.get(RECEIVERS),
                  values.get(RULES),
                  values.get(BUILT_IN),
                  values.get(GROUP_BY),
                  values.get(GROUP_WAIT),
                  values.get(GROUP_INTERVAL),
                  values.get(REPEAT)));

  private AlertsLanguage() {}

  private static Map<String, Secret> headers(Values values) {
    return orElse(values.find(HEADERS), Map.of());
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
