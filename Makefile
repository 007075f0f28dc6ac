# What one does with this repository; "make help" lists it.
# Needs a JDK 25 (found by bin/find-jdk whatever the default java is) and Maven.

.DEFAULT_GOAL := help
.PHONY: help test test-export build format demo bench bench-balance bench-detect bench-records bench-dns bench-store bench-scale dns-peers test-containers test-kubernetes test-machines chaos chaos-database chaos-database-peers test-backups chaos-group chaos-vip chaos-bgp chaos-http3 incidents page-hour fuzz jmh takeover docs clean jdk bench-http3 bench-failover bench-deploy

SHELL := /bin/sh
JDK := $(shell bin/find-jdk 2>/dev/null)
COMMIT := $(or $(shell git rev-parse --short HEAD 2>/dev/null),unknown)
FUZZ_SECONDS ?= 3600
export JAVA_HOME := $(JDK)
# Maven's own libraries use what newer JDKs warn of.
export MAVEN_OPTS := --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow $(MAVEN_OPTS)
MVN := mvn -B -ntp -Dcommit=$(COMMIT)
MORE :=

help: ## lists these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 16

jdk:
	@bin/find-jdk >/dev/null

target/kafka.classpath: src/test/kafka/pom.xml | jdk
	@bin/needs maven
	@$(MVN) -q -f $< org.apache.maven.plugins:maven-dependency-plugin:3.9.0:build-classpath \
	  -Dmdep.outputFile=$(CURDIR)/$@

test: jdk target/kafka.classpath ## builds, checks and runs all tests (installs what they need when root and missing)
	@bin/needs maven chromium curl nghttp2-client nghttp2-server haproxy nginx libnginx-mod-stream socat openssl nodejs npm node-ws postgresql mariadb-server mariadb-backup redis-server prometheus goaccess jq prometheus-alertmanager python3-aiosmtpd clickhouse-server dnsmasq-base iproute2 bind9-dnsutils knot-dnsutils pebble bird2 rsync nftables pgbackrest
	@bin/test $(MVN) -- $(MORE)

test-containers: jdk ## nodes as containers of a real Podman, killed and found again; needs root
	@bin/needs maven podman runc netavark iptables busybox-static
	$(MVN) test -Dtest=PodmanTest -Dfairlead.containers=true

test-kubernetes: jdk ## scaling and discovery before a real Kubernetes API server, built by bin/kubernetes (8 minutes, once)
	@bin/needs maven etcd-server
	@built=$$(bin/kubernetes) && \
	  $(MVN) test -Dtest='RealKubernetes*Test' -Dfairlead.kubernetes="$$built" $(MORE)

test-machines: jdk ## nodes as virtual machines of a real QEMU, killed and found again
	@bin/needs maven qemu-system-x86 socat busybox-static
	$(MVN) test -Dtest=QemuTest -Dfairlead.machines=true

build: jdk ## builds target/fairlead.jar without tests
	@bin/needs maven
	$(MVN) -Dmaven.test.skip=true package

format: jdk ## lays out the Java sources
	@bin/needs maven
	$(MVN) -q spotless:apply

demo: ## runs the demo: a front end, three nodes, traffic, the dashboard
	@./fairlead demo

bench: ## runs Fairlead beside HAProxy, NGINX and Caddy; see bench/README.md
	bench/run $(MORE)

bench-http3: ## runs the rows of HTTP/3 beside Caddy; the report goes to bench/http3-report.md
	bench/run --rows h3 --only fairlead,caddy --report bench/http3-report.md $(MORE)

bench-records: ## what recording every request costs at saturation, with and without by turns; forty minutes
	bench/records $(MORE)

bench-balance: jdk ## compares balancers: in simulated time, then with real processes beside HAProxy and NGINX; MORE=--quick
	@./fairlead simulate $(MORE) bench/balance/*.yaml bench/overload/*.yaml; status=$$?; \
	  $(MVN) -q test -Dtest=HashTableTest -Dfairlead.print=true && exit $$status
	bench/live $(MORE)

bench-store: jdk ## times writes to the store of three instances beside three etcd; see bench/store
	bench/store/run $(MORE)

bench-failover: jdk ## how soon a group writes again when its leader is killed or frozen, ROUNDS (10) times each
	@bin/needs maven
	$(MVN) test -Dtest=GroupFailoverTest -Dfairlead.failover.rounds=$(or $(ROUNDS),10)

bench-detect: jdk ## simulates labelled faults and healthy services before the outlier detector
	@./fairlead simulate --brief $(MORE) bench/detect/*.yaml

bench-scale: jdk ## scaling beside a rule by processor use, simulated, then with real nodes; PART=nothing: only from none on
	bench/scale $(PART)

bench-deploy: jdk ## deploys of good and bad versions, simulated, then with real nodes
	bench/deploy

bench-dns: jdk ## CPU per question of the DNS beside Knot, and a flood of garbage; MORE='SECONDS ROUNDS'
	bench/dns $(MORE)

dns-peers: jdk ## plays the corpus of the DNS against Fairlead, BIND, Knot, NSD, gdnsd and PowerDNS
	bench/dns-peers

chaos: jdk ## hurts nodes in every way while requests go on; see chaos/README.md
	chaos/run

chaos-group: jdk ## hurts instances of a group, RUNS (20) times SECONDS (20) or more, while clients use its store (root)
	@bin/needs maven nftables iproute2
	$(MVN) test -Dtest=GroupHistoryTest,EnsembleHistoryTest -Dfairlead.group.runs=$(or $(RUNS),20) -Dfairlead.group.seconds=$(or $(SECONDS),20) $(MORE)

chaos-vip: jdk ## moves virtual IPs between machines that are network namespaces (root); see chaos/vip/README.md
	chaos/vip/run $(MORE)

chaos-bgp: jdk ## has routes of a front end come and go at a real BIRD, ROUNDS (20) times each (root); see chaos/vip/bgp-report.md
	@bin/needs maven bird2 iproute2
	$(MVN) test -Dtest=BgpBirdTest -Dfairlead.bgp.rounds=$(or $(ROUNDS),20) $(MORE)

chaos-http3: jdk ## HTTP/3 where rules of nftables drop a fifth of the datagrams and delay others, and where front ends come and go ROUNDS (10) times (root)
	@bin/needs maven nftables iproute2
	$(MVN) test -Dtest='Http3LossTest,Http3FrontEndsTest' -Dfairlead.loss=true -Dfairlead.http3.rounds=$(or $(ROUNDS),10) $(MORE)

chaos-database: jdk ## hurts PostgreSQL and Galera while clients write through an instance, ROUNDS times (1, half an hour) each
	@bin/needs maven postgresql mariadb-server mariadb-backup rsync socat nftables iproute2 faketime strace
	$(MVN) test -Dtest='DatabaseChaosTest,ManagedChaosTest,ManagedFaultsTest,ManagedMachinesTest,ManagedWitnessTest,ManagedWitnessChaosTest,ManagedSwitchoverTest,ManagedGroupTest#members*,ManagedPostgresqlTest#aMemberThatCannotGoBackIsCopied+aMemberWhosePromotionEndedInTheMiddleComesBack+theDataOfAnotherDatabaseIsLeftAsItIs,GaleraTest,ManagedGaleraChaosTest,ManagedGaleraCrashTest,ManagedGaleraSwitchoverTest' -Dfairlead.database.report=$(CURDIR)/chaos/database-report.md -Dfairlead.database.rounds=$(or $(ROUNDS),1) -Dtest.forks=1 $(MORE)

chaos-database-peers: jdk ## hurts PostgreSQL that we keep and that Patroni, etcd and HAProxy keep in the same ways, ROUNDS times (5) each (root)
	@bin/needs maven postgresql patroni python3-etcd etcd-server haproxy
	$(MVN) test -Dtest=ManagedPeersTest -Dfairlead.database.report=$(CURDIR)/chaos/database-report.md -Dfairlead.database.peers=$(or $(ROUNDS),5) $(MORE)

test-backups: jdk ## what befalls backups of databases, restored each time; MIB=1024 measures; some of it needs root
	@bin/needs maven postgresql pgbackrest mariadb-server mariadb-backup rsync
	$(MVN) test -Dtest='DatabaseBackup*Test,ManagedGaleraTest#aBackup*' -Dfairlead.backups=true $(if $(MIB),-Dfairlead.backups.mib=$(MIB)) $(MORE)

page-hour: jdk ## keeps a page of the demo's dashboard open for an hour and watches what it holds
	bench/page-hour $(MORE)

incidents: jdk ## injects faults into a running system and scores what is told of them; MORE=--quick; see incidents/README.md
	incidents/run $(MORE)

fuzz: jdk ## feeds all parsers for FUZZ_SECONDS (an hour), two at once, turn by turn
	@bin/needs maven
	$(MVN) test -Dtest='ParserFuzzTest,Http2FuzzTest,QpackReaderTest,ProxyHeaderFuzzTest,ClientHelloFuzzTest,WebSocketFuzzTest,ConnectionFuzzTest,DnsFuzzTest' \
	  -Dfairlead.fuzz.seconds=$(FUZZ_SECONDS) -Djunit.jupiter.execution.parallel.enabled=true \
	  -Djunit.jupiter.execution.parallel.mode.default=same_thread \
	  -Djunit.jupiter.execution.parallel.mode.classes.default=concurrent \
	  -Djunit.jupiter.execution.parallel.config.strategy=fixed \
	  -Djunit.jupiter.execution.parallel.config.fixed.parallelism=9

takeover: jdk ## replaces the running process 20 times under load
	@bin/needs maven nghttp2-client
	$(MVN) test -Dtest=TakeoverTest -Dfairlead.takeover.rounds=20

test-export: jdk target/kafka.classpath ## kills ClickHouse, a Kafka broker and the sender while records are copied
	@bin/needs maven clickhouse-server
	$(MVN) test -Dtest=ExportTest,KafkaTest -Dfairlead.export.kills=3

jmh: jdk ## runs the JMH benchmarks of src/bench/java with -prof gc; MORE='-f 1 Pick' goes to JMH
	@bin/needs maven
	$(MVN) test-compile org.apache.maven.plugins:maven-dependency-plugin:3.9.0:build-classpath \
	  -Dmdep.includeScope=test -Dmdep.outputFile=target/test.classpath
	"$$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
	  -cp "target/test-classes:target/classes:$$(cat target/test.classpath)" \
	  org.openjdk.jmh.Main -prof gc $(MORE)

docs: jdk ## writes the generated parts of docs/ anew
	@bin/needs maven
	$(MVN) test -Dfairlead.update-docs=true -Dtest='GeneratedDocsTest,MetricsPageTest,OpenApiTest,OperationsGuideTest'

clean: ## removes what was built
	rm -rf target bench/work incidents/work
