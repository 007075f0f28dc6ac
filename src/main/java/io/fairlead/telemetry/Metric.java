package io.fairlead.telemetry;

import java.util.List;

/**
 * The catalogue: every series that {@code /metrics} offers, with its type, unit, labels and what it
 * means when it rises. {@code docs/metrics.md} is generated from it. The order is the order of the
 * page.
 */
public enum Metric {
  BUILD_INFO(
      "fairlead_build_info",
      Type.GAUGE,
      Unit.NONE,
      "version,jdk",
      "Always 1; the labels say what is running. A new series means that another version was started."),
  UPTIME(
      "fairlead_uptime_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "",
      "Time since the start. It rises all the time; when it falls the process was restarted."),
  READY(
      "fairlead_ready",
      Type.GAUGE,
      Unit.NONE,
      "",
      "1 when the configuration is applied and every listener is bound, 0 before that and while draining. A rise means that it serves."),
  CONTROL_LAG(
      "fairlead_control_lag_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "",
      "How late the control thread ran its last timed task. When it rises, verdicts and reloads come late: a task there waits or the machine has no CPU to spare."),
  LOOP_LAG(
      "fairlead_event_loop_lag_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "",
      "How late the slowest event loop was on average in the last second. When it rises, every request waits that long: processors are busy, or a loop does something long."),
  PRESSURE(
      "fairlead_pressure",
      Type.GAUGE,
      Unit.NONE,
      "",
      "What is given up because the process is short of memory or time: 0 nothing, 1 requests of low importance, 2 those of normal importance and new connections, too. When it rises, an event says what is short."),
  CONFIG_VERSION(
      "fairlead_config_version",
      Type.GAUGE,
      Unit.NONE,
      "",
      "Number of the configuration in force. A rise means that a configuration was applied."),
  CONFIG_RELOAD_SUCCESS(
      "fairlead_config_last_reload_success",
      Type.GAUGE,
      Unit.NONE,
      "",
      "1 if the last configuration offered was applied, 0 if it was refused and the one before stays in force. A rise means that the problem was put right."),

  GROUP_CONNECTED(
      "fairlead_group_connected",
      Type.GAUGE,
      Unit.NONE,
      "",
      "1 while a majority of the group is in reach, 0 while not: then nothing of the group changes and no lease is granted. A rise means that it is reached. Only where a group is configured."),
  GROUP_INSTANCES(
      "fairlead_group_instances",
      Type.GAUGE,
      Unit.NONE,
      "state",
      "Instances of the group as this one sees them, by state: up, down, unknown. When down rises, one has ended or is cut off."),
  GROUP_VOTERS(
      "fairlead_group_voters",
      Type.GAUGE,
      Unit.NONE,
      "state",
      "Those of them that vote. When down rises, fewer can still be lost: more than half must be up."),
  GROUP_LEADER(
      "fairlead_group_leader",
      Type.GAUGE,
      Unit.NONE,
      "",
      "1 while this instance leads the group, else 0. A rise means that another has ended or was too slow."),
  GROUP_CONFIG_LAG(
      "fairlead_group_config_lag",
      Type.GAUGE,
      Unit.NONE,
      "instance",
      "Versions of the configuration that an instance is behind the group's. When it rises and stays above 0, that instance could not put it into force; its events say why."),
  STORE_LOG_LAG(
      "fairlead_store_log_lag_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "",
      "How long a change of the store is not in its log already. When it rises above some seconds, the disk of group.store-log is slow, full or gone: what is changed meanwhile cannot be restored to a moment from this instance's log. Only where there is a log."),
  RATE_LIMIT_SHARED(
      "fairlead_rate_limit_shared_total",
      Type.COUNTER,
      Unit.NONE,
      "direction",
      "Requests let in by limits that all instances of a group count together: told to the others, heard from them, and lost as they were too many at once. When lost rises, the group lets in more than it should; when heard stays while others have traffic, they cannot reach this instance."),
  OUTLIER_SHARED(
      "fairlead_outlier_shared_total",
      Type.COUNTER,
      Unit.NONE,
      "direction",
      "Counts of answers, by node and route, that instances of a group tell each other to find bad nodes together: told to the others; heard from them and counted; ignored, as they have another configuration or name what is not known here; and lines refused, as they make no sense or come too fast. When ignored rises for longer than a change of the configuration takes, or refused at all, instances do not understand each other."),
  VIP_OWNER(
      "fairlead_vip_owner",
      Type.GAUGE,
      Unit.NONE,
      "vip",
      "1 while this instance owns the virtual IP, else 0. A rise means that it took it over. Over all instances the sum is 1, or, by BGP, how many are well: less for longer than some seconds means that nobody has it."),
  VIP_TROUBLE(
      "fairlead_vip_trouble",
      Type.GAUGE,
      Unit.NONE,
      "vip",
      "1 while something keeps this instance from taking part in the election of the virtual IP; an event says what. When it rises there is one less to take over."),
  VIP_TAKEN(
      "fairlead_vip_taken_total",
      Type.COUNTER,
      Unit.NONE,
      "vip",
      "How often this instance became the owner of the virtual IP. When it rises again and again, the address wanders: intervals are too short for the machines or the network."),
  VIP_ADVERTS(
      "fairlead_vip_adverts_total",
      Type.COUNTER,
      Unit.NONE,
      "vip,direction",
      "Adverts of VRRP that were sent, and received of the same virtual router. Sent rises at the owner, received at the others."),
  VIP_ADVERTS_REFUSED(
      "fairlead_vip_adverts_refused_total",
      Type.COUNTER,
      Unit.NONE,
      "vip,reason",
      "Packets of VRRP that were of no use: hops, they have passed a router; version, not of VRRPv3; length; checksum; empty, without address; interval, of 0; stranger, not among the peers. When it rises, somebody on the link is set up wrongly, or forges them."),
  VIP_LATE_RENEWALS(
      "fairlead_vip_late_renewals_total",
      Type.COUNTER,
      Unit.NONE,
      "vip",
      "Renewals of a lease that came too late to hold the address by. When it rises, the group answers slowly or this process waits for processors; the next one late may cost the address."),
  BGP_SESSION_UP(
      "fairlead_bgp_session_up",
      Type.GAUGE,
      Unit.NONE,
      "router",
      "1 while there is a BGP session with the router, else 0. A rise means that the router sends clients here again; while it is 0 it sends none, and an event says why."),
  BGP_ROUTES(
      "fairlead_bgp_routes",
      Type.GAUGE,
      Unit.NONE,
      "router",
      "Addresses that the router has been told of. It rises when virtual IPs come; when it falls while the instance does not drain, the session or a virtual IP was lost."),
  BGP_SESSIONS_LOST(
      "fairlead_bgp_sessions_lost_total",
      Type.COUNTER,
      Unit.NONE,
      "router",
      "How often a session with the router ended that nobody here had ended. When it rises, clients were sent elsewhere meanwhile: the router restarts, the link breaks, or the hold time is too short for a busy machine."),
  BGP_MESSAGES(
      "fairlead_bgp_messages_total",
      Type.COUNTER,
      Unit.NONE,
      "router,direction",
      "Messages of BGP, sent to the router and received of it. When received rises by many a second, the router sends routes, which are thrown away."),

  ALERTS(
      "fairlead_alerts",
      Type.GAUGE,
      Unit.NONE,
      "level,state",
      "Alerts whose condition holds: pending, not for long enough yet; firing; silenced, firing while nobody is told. When firing rises, receivers are told."),
  ALERT_MESSAGES(
      "fairlead_alert_messages_total",
      Type.COUNTER,
      Unit.NONE,
      "receiver,outcome",
      "Messages to a receiver of alerts by what became of them: sent, it has them; failed, attempts that came to nothing and may have been repeated; lost, given up. When lost rises, somebody was not told, and an event says of what."),
  ALERT_MESSAGES_WAITING(
      "fairlead_alert_messages_waiting",
      Type.GAUGE,
      Unit.NONE,
      "receiver",
      "Messages on their way to a receiver of alerts. When it rises and stays there, the receiver does not take them."),

  RECORDS_WRITTEN(
      "fairlead_records_written_total",
      Type.COUNTER,
      Unit.NONE,
      "",
      "Records of requests and sessions that are on disk. It rises with the traffic, every ten seconds or sooner."),
  RECORDS_DROPPED(
      "fairlead_records_dropped_total",
      Type.COUNTER,
      Unit.NONE,
      "reason",
      "Records that are not kept. ordinary: a ring had no room for a request, or an answer of the DNS, that went well; valuable: for one that did not; disk: nothing could be written for so long that memory was full; failed: a mistake of ours. When it rises, what is counted from records is too low; requests are not affected."),
  RECORDS_RECOVERED(
      "fairlead_records_recovered_total",
      Type.COUNTER,
      Unit.NONE,
      "",
      "Records found in rings of processes that had been killed. A rise means that one was."),
  RECORDS_WRITING(
      "fairlead_records_writing",
      Type.GAUGE,
      Unit.NONE,
      "",
      "1 while records get to disk, 0 while the disk is full or fails; an event says why. A rise means that they get there again."),
  RECORDS_BYTES(
      "fairlead_records_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "",
      "Room that records take on disk. It rises to logs.keep.size, and then the oldest go."),
  RECORDS_FILES(
      "fairlead_records_files",
      Type.GAUGE,
      Unit.NONE,
      "",
      "Files of records. It rises with traffic and days; a question opens each whose time it concerns."),
  RECORDS_OLDEST(
      "fairlead_records_oldest_timestamp_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "",
      "When the oldest record began that is kept, in seconds since 1970; 0: there is none. It rises when old ones go."),
  RECORDS_LAG(
      "fairlead_records_lag_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "",
      "Since when the recorder has not been at the end of what event loops had recorded. When it rises, the disk is slow or the machine has no processor to spare; then rings fill."),
  NODE_LOG_LINES(
      "fairlead_node_log_lines_total",
      Type.COUNTER,
      Unit.NONE,
      "",
      "Lines of the nodes' own logs that became records. When it does not rise though nodes write, a source of logs.ingest cannot be read; the log says why."),
  NODE_LOG_PROBLEMS(
      "fairlead_node_log_problems_total",
      Type.COUNTER,
      Unit.NONE,
      "reason",
      "Lines that are not as they came. dropped: there was no room for them, and whoever sent them could not be made to wait; cut: longer than a record may be; unreadable: no message of syslog or OpenTelemetry. When dropped rises, a node writes more than can be kept."),

  LOG_LINES(
      "fairlead_log_lines_total",
      Type.COUNTER,
      Unit.NONE,
      "to",
      "Lines written to a text log (logs.text). It rises with the traffic."),
  LOG_LINES_DROPPED(
      "fairlead_log_lines_dropped_total",
      Type.COUNTER,
      Unit.NONE,
      "to,reason",
      "Lines that a text log did not get. slow: whoever takes them was slower than they came; failed: nothing could be written for longer than there was room for. When it rises, an event says why; requests and records are not affected."),
  EXPORT_RECORDS(
      "fairlead_export_records_total",
      Type.COUNTER,
      Unit.NONE,
      "to",
      "Records that somebody has taken (logs.export). It rises with the traffic."),
  EXPORT_RECORDS_WAITING(
      "fairlead_export_records_waiting",
      Type.GAUGE,
      Unit.NONE,
      "to",
      "Records on disk that have not been taken yet. When it rises for longer than a minute, whoever takes them is away or slower than they come; an event says why."),
  EXPORT_RECORDS_LOST(
      "fairlead_export_records_lost_total",
      Type.COUNTER,
      Unit.NONE,
      "to",
      "Records that were removed, by age or size (logs.keep), before they were taken. When it rises, there are gaps there; keep more, or make it faster."),
  EXPORT_FAILURES(
      "fairlead_export_failures_total",
      Type.COUNTER,
      Unit.NONE,
      "to",
      "Tries to send records that came to nothing; they are sent again. When it rises, an event says why."),

  EXPORTED(
      "fairlead_otlp_sent_total",
      Type.COUNTER,
      Unit.NONE,
      "kind",
      "Spans (traces), data points (metrics) and events (logs) that the receiver of OTLP has taken. It rises as long as there is something to send."),
  EXPORT_DROPPED(
      "fairlead_otlp_dropped_total",
      Type.COUNTER,
      Unit.NONE,
      "kind,reason",
      "What the receiver of OTLP did not get, in the same units. full: they came faster than they were taken; failed: the receiver could not be reached for too long; refused: it did not want them. When it rises, an event says why; requests and records are not affected."),

  LISTENER_CONNECTIONS_OPEN(
      "fairlead_listener_connections_open",
      Type.GAUGE,
      Unit.NONE,
      "listener",
      "Client connections open now. When it rises without more requests, clients keep connections idle or answers have become slow."),
  LISTENER_CONNECTIONS(
      "fairlead_listener_connections_total",
      Type.COUNTER,
      Unit.NONE,
      "listener",
      "Client connections accepted. When it rises as fast as the requests, clients do not keep their connections."),
  LISTENER_CONNECTIONS_REFUSED(
      "fairlead_listener_connections_refused_total",
      Type.COUNTER,
      Unit.NONE,
      "listener",
      "Client connections closed on arrival. When it rises, limits.connections is reached."),
  LISTENER_REQUESTS(
      "fairlead_listener_requests_total",
      Type.COUNTER,
      Unit.NONE,
      "listener",
      "Requests received. When it rises faster, there is more traffic."),
  LISTENER_RESPONSES(
      "fairlead_listener_responses_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,code_class",
      "Answers sent to clients by the class of their status, made by nodes or by Fairlead. When 5xx rises, clients see failures."),
  LISTENER_RECEIVED(
      "fairlead_listener_received_bytes_total",
      Type.COUNTER,
      Unit.BYTES,
      "listener",
      "Bytes received from clients. When it rises faster, there are more or larger requests."),
  LISTENER_SENT(
      "fairlead_listener_sent_bytes_total",
      Type.COUNTER,
      Unit.BYTES,
      "listener",
      "Bytes sent to clients. When it rises faster, there are more or larger answers."),
  LISTENER_DATAGRAMS_PASSED_ON(
      "fairlead_listener_datagrams_passed_on_total",
      Type.COUNTER,
      Unit.NONE,
      "listener",
      "Datagrams of HTTP/3 that came here for a connection of another instance of the group, or of the process before, and were sent on to it. It rises while routers spread clients otherwise than when they came, or clients have changed their addresses."),
  LISTENER_DATAGRAMS_TAKEN(
      "fairlead_listener_datagrams_taken_total",
      Type.COUNTER,
      Unit.NONE,
      "listener",
      "Datagrams of HTTP/3 for connections of this instance that came to another one, or to the process after, and were sent on to this one. It rises as the counter of those passed on does there."),
  LISTENER_DATAGRAMS_LOST(
      "fairlead_listener_datagrams_lost_total",
      Type.COUNTER,
      Unit.NONE,
      "listener",
      "Datagrams of HTTP/3 for a connection of another instance that were dropped, since more waited to be sent to it than may, or there is no way: then an event says why. When it rises, clients send these datagrams again."),
  ERRORS(
      "fairlead_errors_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,reason",
      "Requests that Fairlead itself answered or gave up on, by the reason that fairlead-error names. When it rises, the reason says whether clients, nodes or limits are the cause."),
  TLS_HANDSHAKES(
      "fairlead_tls_handshakes_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,version,resumed",
      "Handshakes with clients that ended well. When those that are not resumed rise, new clients come, or tickets do not work; each costs a signature."),
  TLS_HANDSHAKES_FAILED(
      "fairlead_tls_handshakes_failed_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,reason",
      "Handshakes with clients that did not. When client-alert rises, clients do not trust the certificate; when limited or timeout does, look for an attack."),
  TLS_HANDSHAKES_OPEN(
      "fairlead_tls_handshakes_open",
      Type.GAUGE,
      Unit.NONE,
      "listener",
      "Handshakes going on. When it rises towards handshakes.at-once, clients are slow, or somebody does not mean it."),
  CERTIFICATE_EXPIRY(
      "fairlead_certificate_expiry_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "listener,certificate",
      "Time until the certificate expires; below 0 it has. It falls all the time; a rise means that it was renewed."),
  CERTIFICATE_ORDERS(
      "fairlead_certificate_orders_total",
      Type.COUNTER,
      Unit.NONE,
      "certificate,outcome",
      "Certificates that this instance has ordered. When failed ones rise, see the event for the reason: what is shown ends one day."),

  ROUTE_REQUESTS(
      "fairlead_route_requests_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service",
      "Requests that matched the route. When it rises faster, this route gets more traffic."),
  ROUTE_RESPONSES(
      "fairlead_route_responses_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service,code_class",
      "Answers to requests of the route by the class of their status. When 5xx rises, this route fails for clients."),

  ROUTE_REFUSED(
      "fairlead_route_refused_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service,reason",
      "Requests that the rules of the route did not let through, by the reason that fairlead-error names. When it rises, clients ask more than they may."),

  ROUTE_RETRIES(
      "fairlead_route_retries_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service,reason",
      "Tries repeated, by what went wrong: connect, refused, reset, timeout, bad-response or status. When it rises, clients are spared failures that nodes cause."),
  ROUTE_RETRIES_REFUSED(
      "fairlead_route_retries_refused_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service,reason",
      "Second tries that were wanted and not made: budget, too many lately; shedding, the service turns requests away; body, too much of it to be kept; hedge-budget, too many hedges lately. When budget rises, more fails than second tries can make good."),
  ROUTE_HEDGES(
      "fairlead_route_hedges_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service",
      "Requests sent to a second node because the first was slow. When it rises, some nodes are slower than most."),
  ROUTE_HEDGES_WON(
      "fairlead_route_hedges_won_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service",
      "Of these, those that the second node answered first. When it hardly rises while hedges do, hedging helps nobody and only costs."),
  ROUTE_COMPRESSED(
      "fairlead_route_compressed_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service",
      "Answers that were compressed. When it does not rise though clients take gzip, the types or the least size of the route leave all of them out."),
  ROUTE_COMPRESSED_BYTES(
      "fairlead_route_compressed_bytes_total",
      Type.COUNTER,
      Unit.BYTES,
      "listener,route,service,direction",
      "Bytes of their bodies: in, as nodes sent them, and out, as clients got them. When out rises hardly more slowly than in, compressing costs processor time for nothing."),
  ROUTE_COMPRESSION_BUSY(
      "fairlead_route_compression_busy_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service",
      "Answers that went out as they were since as many were being compressed as may be at once. When it rises, slow clients hold compressors, or there are too few event loops."),
  ROUTE_MIRRORED(
      "fairlead_route_mirrored_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service",
      "Requests of which a copy was sent to the service that mirror names. When it rises faster, that service gets more traffic."),
  ROUTE_MIRROR_LOST(
      "fairlead_route_mirror_lost_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service,reason",
      "Copies that came to nothing: body, longer than mirror.body-bytes, never sent; busy, as many on their way or in memory as may be, never sent; failed, sent without an answer in time. When busy or failed rise, the other service is too slow or down; clients see nothing of it."),
  ROUTE_FAULTS(
      "fairlead_route_faults_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service,reason",
      "Requests with a fault that fault makes on purpose: delay, held; abort, answered with an error; not-delayed, to be held but for how many were already. When it rises, somebody tries clients out; it says nothing of nodes."),
  ROUTE_CACHE(
      "fairlead_route_cache_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service,reason",
      "Answers of routes with a cache: hit, kept and given again; collapsed, what another request had asked a node for; revalidated, kept and still good as a node said; stale, kept and given instead of an error; miss, of a node; pass, of a node, as the cache has nothing to do with such requests. When miss rises, answers are no longer kept, are asked for less, or go too early for others."),
  ROUTE_CACHE_STORED(
      "fairlead_route_cache_stored_total",
      Type.COUNTER,
      Unit.NONE,
      "listener,route,service",
      "Answers of nodes that were kept. When it falls and misses rise, nodes no longer say how long their answers are fresh."),
  FILTER_REQUESTS(
      "fairlead_filter_requests_total",
      Type.COUNTER,
      Unit.NONE,
      "filter,reason",
      "Requests that filters were asked about, by what they decided: passed, answered, refused, sent-elsewhere; failed, it did not decide. When failed rises, an event says why."),
  FILTER_FAILURES(
      "fairlead_filter_failures_total",
      Type.COUNTER,
      Unit.NONE,
      "filter,reason",
      "Requests about which a filter did not decide: exception, it threw something; timeout, it took longer than it may; invalid, what it decided cannot be done; busy, it had as many to decide about as it may. When it rises, clients get errors, or requests go on unfiltered where on-error is pass."),
  FILTER_SECONDS(
      "fairlead_filter_seconds_total",
      Type.COUNTER,
      Unit.SECONDS,
      "filter",
      "Time until filters had decided; divided by requests it is how long they hold one up. When that rises, so does every answer's time."),
  FILTER_SLOW(
      "fairlead_filter_slow_total",
      Type.COUNTER,
      Unit.NONE,
      "filter",
      "Times that a quick filter kept its event loop for more than 10 ms. When it rises, requests wait that have nothing to do with it: it waits for something, and should be a WaitingFilter."),
  CACHE_BYTES(
      "fairlead_cache_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "",
      "Memory that kept answers take, and those that are coming in. It rises to runtime.cache and stays there."),
  CACHE_EVICTED(
      "fairlead_cache_evicted_total",
      Type.COUNTER,
      Unit.NONE,
      "",
      "Kept answers that went to make room for others. When it rises, runtime.cache is small for what is asked for."),

  SERVICE_NODES(
      "fairlead_service_nodes",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Members of the service in any state. A rise means that nodes joined."),
  SERVICE_NODES_AVAILABLE(
      "fairlead_service_nodes_available",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Members that may get new requests: up, not draining, not ejected, weight above 0. A rise means that nodes came back; at 0 every request is answered with no-node."),
  SERVICE_ALARMS(
      "fairlead_service_alarms",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "What is wrong with the service as a whole: all nodes fail or are slow alike, a group of them does, more are bad than may be taken out. When it rises, the events say which."),
  SERVICE_LATENCY(
      "fairlead_service_latency_seconds",
      Type.HISTOGRAM,
      Unit.SECONDS,
      "service",
      "Time from the first byte sent to a node until the last byte of its answer. When it rises, nodes or the network to them have become slower."),

  SERVICE_LIMIT(
      "fairlead_service_limit_requests",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Requests that may be in flight, as configured or as found; absent where any number may. When it rises, answers are as quick as usual although more is in flight."),
  SERVICE_IN_FLIGHT(
      "fairlead_service_in_flight",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Requests that are in; only where there is a limit on them. When it rises to the limit, others wait."),
  SERVICE_WAITING(
      "fairlead_service_waiting",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Requests that wait for room at a node. When it rises, limits are reached: there is more to do, or nodes have become slower."),
  SERVICE_WAIT(
      "fairlead_service_wait_seconds",
      Type.HISTOGRAM,
      Unit.SECONDS,
      "service",
      "How long requests waited that did wait and were let in. When it rises, limits are reached for longer."),
  SERVICE_SHED(
      "fairlead_service_shed_total",
      Type.COUNTER,
      Unit.NONE,
      "service,reason",
      "Requests turned away with overloaded, by why. When it rises, there is more to do than nodes can."),
  SERVICE_OPENNESS(
      "fairlead_service_openness",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Share of the ranks of importance that is let in: 1 unless there is too much to do. A rise means that the overload eases."),
  SERVICE_RETRIES_OFF(
      "fairlead_service_retries_off",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "1 while nothing is repeated since repeating kept the service busy. A rise is an alarm: look for what slowed the nodes down first."),

  SERVICE_SCALE_SIZE(
      "fairlead_service_scale_size",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Nodes that there should be of those that Fairlead starts. When it rises, more is asked of the service; an event says why."),
  SERVICE_SCALE_NODES(
      "fairlead_service_scale_nodes",
      Type.GAUGE,
      Unit.NONE,
      "service,state",
      "Nodes that Fairlead has started: starting, serving, draining or stopping. When starting rises and stays, nodes do not come up."),
  SERVICE_SCALE_DEMAND(
      "fairlead_service_scale_demand_requests",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Requests in flight that are expected by the time that another node would serve. When it rises, more nodes follow."),
  SERVICE_SCALE_PER_NODE(
      "fairlead_service_scale_per_node_requests",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Requests that a node is to have in flight, as configured or learnt; 0: not known yet. A rise means that nodes have been seen to do more."),
  SERVICE_SCALE_STARTS(
      "fairlead_service_scale_starts_total",
      Type.COUNTER,
      Unit.NONE,
      "service,outcome",
      "Starts of nodes by what became of them: serves, failed. When failed rises, the events say what is wrong."),
  SERVICE_SCALE_START_TIME(
      "fairlead_service_scale_start_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "service",
      "What the start of a node takes until it serves, lately. When it rises, more is asked for in advance."),
  SERVICE_DEPLOY_SHARE(
      "fairlead_service_deploy_share",
      Type.GAUGE,
      Unit.NONE,
      "service,version",
      "Share of all requests that a new version gets while it is being deployed, 0 to 1. When it rises, the version was found no worse; when it stays, explain deploy says what is waited for."),
  SERVICE_DEPLOYS(
      "fairlead_service_deploys_total",
      Type.COUNTER,
      Unit.NONE,
      "service,outcome",
      "Deploys by what became of them: done, rolled-back. When rolled-back rises, an event says what was worse."),
  SERVICE_AFFINITY_HITS(
      "fairlead_service_affinity_hits_total",
      Type.COUNTER,
      Unit.NONE,
      "service",
      "Requests whose cookie named a node that could be asked. It rises with the traffic of clients that have been there before."),
  SERVICE_AFFINITY_MISSES(
      "fairlead_service_affinity_misses_total",
      Type.COUNTER,
      Unit.NONE,
      "service,reason",
      "Requests that did not stay with a node, by reason: absent (no cookie), malformed, duplicate (several), foreign (of another service or key), unknown (its node has left, it is too old, or forged), down, ejected, weight, drained (the patience of a drain has ended), moved (full, or the try failed). When foreign rises, services share a cookie's name or instances have different keys."),
  SERVICE_AFFINITY_COOKIES(
      "fairlead_service_affinity_cookies_total",
      Type.COUNTER,
      Unit.NONE,
      "service",
      "Answers that set the cookie. When it rises as fast as requests do, clients do not keep it."),

  DATABASE_WRITES(
      "fairlead_database_member_writes",
      Type.GAUGE,
      Unit.NONE,
      "service,node",
      "1 if connections that write go to this member of the database, 0 if not. The sum over the members is 1; at 0 clients wait. A rise means that it took the writes over."),
  DATABASE_READS(
      "fairlead_database_member_reads",
      Type.GAUGE,
      Unit.NONE,
      "service,node",
      "1 if connections that only read go to this member of the database, 0 if not. A rise means that it has caught up, or came back."),
  DATABASE_LAG(
      "fairlead_database_lag_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "service,node",
      "How old the state of a replica is, where it knows. When it rises, it replays more slowly than the primary writes, or gets nothing; beyond read-only.max-lag it is not read any more."),
  DATABASE_LAG_BYTES(
      "fairlead_database_lag_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "service,node",
      "What a replica has still to replay of what the primary had written. When it rises, the way to it or its disk is too slow."),
  DATABASE_ALARM(
      "fairlead_database_alarm",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "1 while members of the database contradict each other; an event says how. A rise wants somebody to look at once."),
  DATABASE_DAMAGED(
      "fairlead_database_member_damaged",
      Type.GAUGE,
      Unit.NONE,
      "service,node",
      "1 while a page of this member of a managed PostgreSQL database is known not to be what was written, 0 if none is. A rise wants somebody to look at its disk; an event says which page, and the incident is database-damage."),
  DATABASE_WAITING(
      "fairlead_database_waiting",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Clients that wait for a member that they may go to. When it rises, nobody takes writes, or no replica may be read."),
  DATABASE_CHANGES(
      "fairlead_database_changes_total",
      Type.COUNTER,
      Unit.NONE,
      "service",
      "How often another member than before took the writes. When it rises, there was a failover or a switchover."),
  DATABASE_CUT(
      "fairlead_database_cut_total",
      Type.COUNTER,
      Unit.NONE,
      "service",
      "Connections that were cut because their member lost its role, or their key has another. When it rises, clients had to connect again."),
  DATABASE_MOVED(
      "fairlead_database_moved_total",
      Type.COUNTER,
      Unit.NONE,
      "service",
      "Connections that went to another member because the first had not said a word. When it rises, clients were spared a failure."),

  DATABASE_ENDED(
      "fairlead_database_ended_total",
      Type.COUNTER,
      Unit.NONE,
      "service",
      "Sessions that ended between two transactions because their member drained, or their key has another. It rises then, and clients connect again."),

  BACKUP_LAG_BYTES(
      "fairlead_backup_log_lag_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "service",
      "What the primary of the database has written and its backups do not have. When it rises, the way to the folder or its disk is too slow, or nothing comes at all."),
  BACKUP_LAG(
      "fairlead_backup_log_lag_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "service",
      "How old the oldest of that is: so much would be lost with all members. When it rises beyond backup.max-lag, an event tells why."),
  BACKUP_COPIES(
      "fairlead_backup_copies",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Copies of all data that can be used. It rises with each; it falls when old ones are removed, or one is found damaged."),
  BACKUP_BYTES(
      "fairlead_backup_copies_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "service",
      "Size of all copies, without the log. It rises as the database does."),
  BACKUP_AGE(
      "fairlead_backup_age_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "service",
      "Time since the newest copy was complete. When it rises beyond backup.every, none could be made; an event tells why."),
  BACKUP_PROVEN_AGE(
      "fairlead_backup_proven_age_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "service",
      "Age of the last moment that a drill has really restored; absent until one has. When it rises beyond backup.drill-every, drills fail or are not made."),
  BACKUP_GAPS(
      "fairlead_backup_log_gaps",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "Holes in the log that is kept. A rise means that moments cannot be restored; fairlead db backups says which."),
  BACKUP_TROUBLE(
      "fairlead_backup_trouble",
      Type.GAUGE,
      Unit.NONE,
      "service",
      "1 while the log does not come in, the last copy failed or the last drill did. A rise wants somebody to look."),

  NODE_UP(
      "fairlead_node_up",
      Type.GAUGE,
      Unit.NONE,
      "service,node",
      "1 if health says that the node is up, 0 if down. A rise means that it came back."),
  NODE_DRAINING(
      "fairlead_node_draining",
      Type.GAUGE,
      Unit.NONE,
      "service,node",
      "1 if the node gets no new requests because somebody said so. A rise means that it is being taken out."),
  NODE_SHARE(
      "fairlead_node_share",
      Type.GAUGE,
      Unit.NONE,
      "service,node",
      "What the node gets of its usual share, 0 to 1, by how it answers compared with the others; 0 while it is ejected. A rise means that it comes back."),
  NODE_EJECTIONS(
      "fairlead_node_ejections_total",
      Type.COUNTER,
      Unit.NONE,
      "service,node",
      "How often the node was taken out because it answered worse than the others. When it rises, look at the node; the reason is in the events."),
  NODE_WEIGHT(
      "fairlead_node_weight",
      Type.GAUGE,
      Unit.NONE,
      "service,node",
      "Share relative to the other nodes of the service. When it rises, the node gets more of the requests."),
  NODE_IN_FLIGHT(
      "fairlead_node_in_flight",
      Type.GAUGE,
      Unit.NONE,
      "service,node",
      "Requests sent to the node and not yet answered completely. When it rises at the same rate of requests, the node has become slower."),
  NODE_EXPECTED(
      "fairlead_node_expected_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "service,node",
      "What the balancer expects a request to take that finds the node idle, with what errors cost; only where balance is adaptive or peak-ewma. When it rises, the node has become slower or fails, and gets fewer requests."),
  NODE_CONNECTIONS_OPEN(
      "fairlead_node_connections_open",
      Type.GAUGE,
      Unit.NONE,
      "service,node",
      "Connections to the node, in use or idle. When it rises, more requests run at the same time."),
  NODE_CONNECTIONS_IDLE(
      "fairlead_node_idle_connections",
      Type.GAUGE,
      Unit.NONE,
      "service,node",
      "Connections to the node that wait for a request. When it rises, there is less to do than a moment ago."),
  NODE_CONNECTIONS(
      "fairlead_node_connections_total",
      Type.COUNTER,
      Unit.NONE,
      "service,node",
      "Connections made to the node. When it rises as fast as the requests, the node does not keep its connections."),
  NODE_TLS_HANDSHAKES(
      "fairlead_node_tls_handshakes_total",
      Type.COUNTER,
      Unit.NONE,
      "service,node,resumed",
      "TLS handshakes with the node that ended well. When those that are not resumed rise, the node does not let sessions be resumed; each costs it a signature. The JDK's library does not tell resumed ones."),
  NODE_CERTIFICATE_EXPIRY(
      "fairlead_node_certificate_expiry_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "service,node",
      "Time until the certificate expires that the node showed to a probe last; below 0 it has; absent: none seen. It falls all the time; a rise means that it was renewed."),
  NODE_REQUESTS(
      "fairlead_node_requests_total",
      Type.COUNTER,
      Unit.NONE,
      "service,node",
      "Requests sent to the node, repeated ones counted again. When it rises faster, the node gets more work."),
  NODE_SESSION_REQUESTS(
      "fairlead_node_session_requests_total",
      Type.COUNTER,
      Unit.NONE,
      "service,node",
      "Answers to requests of sessions: a cookie had brought them to the node, or keeps them there from then on. When it does not rise any more at a node that drains, nobody is left there."),
  NODE_RESPONSES(
      "fairlead_node_responses_total",
      Type.COUNTER,
      Unit.NONE,
      "service,node,code_class",
      "Answers of the node by the class of their status. When 5xx rises, the node itself reports failures."),
  NODE_FAILURES(
      "fairlead_node_failures_total",
      Type.COUNTER,
      Unit.NONE,
      "service,node,reason",
      "Tries that ended without a usable answer of the node, by reason. When it rises, the node or the way to it is broken."),
  NODE_RETRIES(
      "fairlead_node_retries_total",
      Type.COUNTER,
      Unit.NONE,
      "service,node",
      "Tries repeated on another connection because they failed at this node. When it rises, clients are spared failures that this node causes."),
  NODE_SENT(
      "fairlead_node_sent_bytes_total",
      Type.COUNTER,
      Unit.BYTES,
      "service,node",
      "Bytes sent to the node. When it rises faster, there are more or larger requests."),
  NODE_RECEIVED(
      "fairlead_node_received_bytes_total",
      Type.COUNTER,
      Unit.BYTES,
      "service,node",
      "Bytes received from the node. When it rises faster, there are more or larger answers."),

  DNS_QUERIES(
      "fairlead_dns_queries_total",
      Type.COUNTER,
      Unit.NONE,
      "kind",
      "Questions of the DNS that came, by udp or tcp. It rises with the traffic; tcp rises when answers are too long, or limited."),
  DNS_RESPONSES(
      "fairlead_dns_responses_total",
      Type.COUNTER,
      Unit.NONE,
      "zone,outcome",
      "Answers by zone and outcome: noerror; nodata, nothing of that type at the name; nxdomain, no such name; referral, somebody else answers; refused, a transfer that may not be; transfers. Where zone is empty: questions of no zone of ours (refused), and those that are wrong (formerr, notimp, badvers, notauth, servfail). When nxdomain rises, somebody asks for names that are not there, or tries names."),
  DNS_DROPPED(
      "fairlead_dns_dropped_total",
      Type.COUNTER,
      Unit.NONE,
      "reason",
      "Questions without an answer. garbage: no question at all; rate: too many like answers to one network (dns.response-rate). When rate rises, an address is probably forged to have us flood it."),
  DNS_TRUNCATED(
      "fairlead_dns_truncated_total",
      Type.COUNTER,
      Unit.NONE,
      "reason",
      "Answers that only say to come by TCP. size: too long for a datagram; rate: one of those that were too many. When size rises, a name has more records than fit."),
  DNS_COOKIES(
      "fairlead_dns_cookies_total",
      Type.COUNTER,
      Unit.NONE,
      "outcome",
      "Cookies of the DNS that clients sent back: good; bad, old or not ours. When bad rises, servers at one address have different secrets (dns.cookie-secret)."),
  DNS_CONNECTIONS(
      "fairlead_dns_connections_open",
      Type.GAUGE,
      Unit.NONE,
      "",
      "Connections by TCP that are open. When it rises to dns.tcp.connections, those that are idle longest are closed."),
  DNS_CONNECTIONS_TOTAL(
      "fairlead_dns_connections_total",
      Type.COUNTER,
      Unit.NONE,
      "outcome",
      "Connections by TCP: accepted; refused, one address has too many. When refused rises, somebody only holds connections."),
  DNS_NAME_ANSWERS(
      "fairlead_dns_name_answers_total",
      Type.COUNTER,
      Unit.NONE,
      "name,outcome",
      "Answers for balanced names: chosen; fail_open, among those, when no pool had enough members that are up; empty, among those, without an address. When fail_open rises, clients are sent to members that are thought to be down."),

  PROCESS_CPU(
      "fairlead_process_cpu_seconds_total",
      Type.COUNTER,
      Unit.SECONDS,
      "",
      "CPU time used by the process, user and system. A rise of one a second is one processor fully used."),
  PROCESS_RESIDENT(
      "fairlead_process_resident_memory_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "",
      "Memory of the process that is in RAM. When it rises without end, something leaks; absent where the system does not tell."),
  PROCESS_OPEN_FDS(
      "fairlead_process_open_fds",
      Type.GAUGE,
      Unit.NONE,
      "",
      "Files and sockets open. When it rises towards fairlead_process_max_fds, new connections are about to fail."),
  PROCESS_MAX_FDS(
      "fairlead_process_max_fds",
      Type.GAUGE,
      Unit.NONE,
      "",
      "Files and sockets that may be open. It rises only when the limit of the process is changed."),
  JVM_HEAP_USED(
      "fairlead_jvm_heap_used_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "",
      "Heap in use, garbage included. It rises and falls with each collection; a rising floor is a leak."),
  JVM_HEAP_COMMITTED(
      "fairlead_jvm_heap_committed_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "",
      "Heap taken from the system. When it rises, more is kept alive or collections come less often."),
  JVM_NON_HEAP_USED(
      "fairlead_jvm_non_heap_used_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "",
      "Memory of the JVM for classes and compiled code. It rises after the start and then levels off."),
  JVM_DIRECT_USED(
      "fairlead_jvm_direct_used_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "",
      "Memory outside the heap that holds network buffers. When it rises at the same traffic, one side reads slowly, or buffers leak."),
  JVM_GC_COLLECTIONS(
      "fairlead_jvm_gc_collections_total",
      Type.COUNTER,
      Unit.NONE,
      "",
      "Garbage collections. When it rises faster, more is allocated."),
  JVM_GC_SECONDS(
      "fairlead_jvm_gc_seconds_total",
      Type.COUNTER,
      Unit.SECONDS,
      "",
      "Time spent in garbage collections. When it rises faster, pauses are longer or more frequent."),
  JVM_THREADS(
      "fairlead_jvm_threads",
      Type.GAUGE,
      Unit.NONE,
      "",
      "Platform threads alive. It hardly changes; a steady rise is a leak.");

  /** How a series behaves. */
  public enum Type {
    COUNTER,
    GAUGE,
    HISTOGRAM;

    /** Its name in the exposition formats. */
    public String wireName() {
      return switch (this) {
        case COUNTER -> "counter";
        case GAUGE -> "gauge";
        case HISTOGRAM -> "histogram";
      };
    }
  }

  /** What is counted; always the base unit. */
  public enum Unit {
    NONE(""),
    SECONDS("seconds"),
    BYTES("bytes");

    private final String wireName;

    Unit(String wireName) {
      this.wireName = wireName;
    }

    /** The suffix of the metric's name; empty where there is no unit. */
    public String wireName() {
      return wireName;
    }
  }

  private final String metricName;
  private final Type type;
  private final Unit unit;

  @SuppressWarnings("ImmutableEnumChecker") // List.of is
  private final List<String> labels;

  private final String help;

  Metric(String metricName, Type type, Unit unit, String labels, String help) {
    this.metricName = metricName;
    this.type = type;
    this.unit = unit;
    this.labels = labels.isEmpty() ? List.of() : List.of(labels.split(",", -1));
    this.help = help;
  }

  /** The name that a query uses; counters end in {@code _total}. */
  public String metricName() {
    return metricName;
  }

  public Type type() {
    return type;
  }

  public Unit unit() {
    return unit;
  }

  /** Names of its labels, in the order in which values are given. */
  public List<String> labels() {
    return labels;
  }

  /** What it is and what it means when it rises. */
  public String help() {
    return help;
  }
}
