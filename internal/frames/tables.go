package frames

import "strings"

// goStandard are the first elements of the packages of Go's standard library.
const goStandard = `archive arena bufio builtin bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go
	hash html image index io iter log maps math mime net os path plugin reflect regexp runtime slices sort strconv strings
	structs sync syscall testing text time unicode unique unsafe weak`

// goInternal are the packages that the standard library keeps to itself.
const goInternal = `abi|bytealg|chacha8rand|concurrent|cpu|fuzz|godebug|goos|poll|race|reflectlite|runtime|saferio|singleflight|sync|syscall|testlog|unsafeheader|weak|zstd`

var goStandardPattern = strings.Join(strings.Fields(goStandard), "|")

// goLibraries are the modules that most programs in Go are built with, for builds whose
// files do not tell.
var goLibraries = newNames(goStandard, `golang.org google.golang.org go.uber.org go.opentelemetry.io go.opencensus.io go.mongodb.org go.etcd.io
	go.temporal.io go.elastic.co go.starlark.net go.chromium.org k8s.io sigs.k8s.io gopkg.in gorm.io xorm.io entgo.io gocloud.dev
	cloud.google.com modernc.org gonum.org rsc.io mvdan.cc connectrpc.com buf.build nhooyr.io filippo.io dario.cat honnef.co goa.design
	cel.dev istio.io tailscale.com zombiezen.com pault.ag lukechampine.com`,
	inGitHub(`99designs/gqlgen IBM/sarama Masterminds PuerkitoBio RichardKnop Shopify/sarama ThreeDotsLabs alecthomas allegro apache avast aws
	awslabs beego benbjohnson bits-and-blooms blevesearch bradfitz bytedance casbin cenkalti cespare clickhouse ClickHouse cloudevents cloudflare/circl
	cloudwego cockroachdb/errors confluentinc containerd coreos dgraph-io dgrijalva docker/docker docker/go-connections dustin eapache
	eclipse/paho.mqtt.golang elastic emicklei etcd-io evanphx fasthttp fluent fsnotify getsentry ghodss gin-contrib gin-gonic
	go-chi go-errors go-gorm go-kit go-kratos go-logr go-ole go-openapi go-playground go-redis go-resty go-sql-driver go-stack gobuffalo gobwas
	goccy gocql gofiber gofrs gogo golang golang-jwt golang-migrate gomodule google/go-cmp google/uuid google/wire googleapis gorilla grafana/pyroscope-go
	graph-gophers graphql-go grpc-ecosystem hashicorp hibiken honeycombio huandu ianlancetaylor imdario influxdata jackc jinzhu jmoiron
	json-iterator julienschmidt kataras klauspost knadh konsorten labstack lib/pq linkedin/goavro magiconair mattn mitchellh
	microsoft/go-mssqldb denisenkom moby modern-go nats-io newrelic DataDog Azure NYTimes/gziphandler olivere onsi opentracing
	open-telemetry openzipkin panjf2000 patrickmn pelletier periskop-dev pierrec pkg/errors prometheus/client_golang prometheus/common
	puddle rabbitmq redis riandyrn robfig rogpeppe rs sagikazarmark samber satori segmentio shirou shopspring sirupsen sony/gobreaker
	spf13 streadway stretchr tidwall twmb uber uber-go ugorji unrolled uptrace urfave urfave valyala vektah vmihailenco
	volatiletech xdg-go xeipuu yuin zeromicro`))

func inGitHub(list string) string {
	var b strings.Builder
	for _, name := range strings.Fields(list) {
		b.WriteString("github.com/" + name + " ")
	}
	return b.String()
}

// jvmLibraries are the packages of the languages of the JVM, and of the libraries that
// their stack traces go through.
var jvmLibraries = newNames(`_COROUTINE java javax jakarta jdk sun com.sun com.oracle com.ibm oracle openj9 netscape android androidx dalvik libcore
	com.android kotlin kotlinx scala scala3 scalaz scalafx groovy groovyx groovyjarjarantlr clojure cljs nrepl cider ring compojure reitit
	hiccup selmer cheshire muuntaja clj_http clj_time clj_stacktrace honey hugsql next.jdbc toucan mount integrant com.stuartsierra
	korma migratus taoensso com.taoensso manifold aleph byte_streams slingshot metosin schema malli spec_tools liberator buddy jsonista
	camel_snake_kebab medley potemkin metrics.ring io.pedestal io.aviso leiningen ragtime yesql datomic datascript
	akka play controllers.Assets cats zio monix fs2 slick doobie shapeless spire breeze sttp tapir upickle ujson geny requests cask
	scalikejdbc spray kamon caliban enumeratum pureconfig squants scopt scalaj skunk natchez quill scalatags scalapb chimney refined
	magnolia magnolia1 izumi trailblazer algebird munit utest specs2 weaver dispatch anorm org.joda com.lihaoyi com.typesafe com.softwaremill
	com.sksamuel com.github.scopt com.github.nscala_time com.chuusai dev.zio dev.optics dev.profunktor
	org.apache org.springframework org.hibernate org.eclipse org.jboss org.wildfly org.glassfish org.osgi org.aspectj org.codehaus org.slf4j
	org.postgresql org.mariadb org.mongodb org.neo4j org.h2 org.hsqldb org.sqlite org.flywaydb org.jooq org.mybatis org.jdbi org.quartz
	org.redisson org.ehcache org.infinispan org.jgroups org.elasticsearch org.opensearch org.jetbrains org.koin org.kodein org.gradle
	org.junit org.testng org.mockito org.hamcrest org.assertj org.scalatest org.scalacheck org.specs2 org.spockframework org.opentest4j
	org.scalatra org.http4s org.typelevel org.json4s org.scalactic org.scala_sbt org.scalajs org.graalvm org.jruby org.python org.mozilla org.grails org.drools org.kie
	org.keycloak org.bouncycastle org.conscrypt org.xerial org.xml org.w3c org.yaml org.json org.jsoup org.objectweb org.objenesis
	org.reactivestreams org.reflections org.simpleflatmapper org.thymeleaf org.web3j org.zalando org.zeroturnaround org.javassist org.jctools
	org.apiguardian org.checkerframework org.dom4j org.antlr org.httpkit org.jetty org.restlet org.camunda org.activiti org.togglz org.instancio org.owasp org.pac4j
	io.netty io.grpc io.vertx io.undertow io.micronaut io.quarkus io.smallrye io.reactivex io.projectreactor io.ktor io.kotest io.mockk
	io.micrometer io.prometheus io.opentelemetry io.opentracing io.jaegertracing io.zipkin io.dropwizard io.swagger io.lettuce io.r2dbc io.rsocket io.nats
	io.confluent io.circe io.getquill io.fabric8 io.kubernetes io.minio io.searchbox io.sentry io.javalin io.helidon io.github.resilience4j
	io.github.classgraph io.github.bucket4j io.jsonwebtoken io.debezium io.temporal io.camunda io.cucumber io.restassured io.estatico io.monix io.finch io.gatling
	io.arrow arrow reactor rx rx.lang feign okhttp3 okio retrofit retrofit2 redis.clients net.bytebuddy net.sf net.spy net.logstash net.minidev
	net.jodah net.javacrumbs net.ttddyy net.bull net.jcip net.openhft net.jpountz net.snowflake net.codingwell javassist javaslang bolts dagger
	butterknife timber lombok junit freemarker antlr nu.xom edu.umd.cs.findbugs ognl mondrian bsh jersey kafka
	ch.qos com.amazonaws software.amazon com.azure com.microsoft com.google com.googlecode com.facebook.react com.facebook.presto com.twitter com.netflix com.linkedin.restli
	com.fasterxml com.mysql com.zaxxer com.mchange com.hazelcast com.datastax com.couchbase com.mongodb com.rabbitmq com.lmax com.codahale com.yammer
	com.github.benmanes com.github.tomakehurst com.github.dockerjava com.github.pagehelper com.alibaba com.baomidou com.esotericsoftware com.squareup com.jayway com.nimbusds
	com.auth0 com.stripe com.twilio com.sendgrid com.slack com.thoughtworks com.opencsv com.vaadin com.vladmihalcea com.querydsl com.newrelic com.datadog
	datadog com.dynatrace com.appdynamics com.contrastsecurity com.sap com.clickhouse com.snowflake com.p6spy com.jcraft com.h3xstream com.ctc com.wix
	com.soundcloud.periskop co.elastic brave zipkin2 springfox ma.glasnost tech.units de.codecentric de.flapdoodle dev.failsafe dev.langchain4j
	graphql com.apollographql com.expediagroup org.axonframework org.flowable org.jdom org.jdom2 com.itextpdf com.lowagie net.schmizz org.openqa com.codeborne cucumber
	org.msgpack org.rocksdb org.agrona io.aeron org.roaringbitmap com.carrotsearch it.unimi.dsi gnu.trove com.univocity io.vavr one.util com.launchdarkly
	io.getunleash io.split com.bugsnag com.rollbar com.lightstep com.instana com.splunk biz.paluch org.fluentd org.graylog2 org.tinylog org.pmw io.awspring
	org.xnio org.jvnet org.aopalliance cglib asm org.ow2 weblogic com.bea com.caucho com.sybase net.sourceforge com.linecorp.armeria io.airlift io.trino io.delta
	com.uber.cadence com.cronutils com.maxmind ua_parser org.locationtech org.geotools org.modelmapper org.mapstruct org.glassfish com.sun
	app.cash com.github.ajalt io.github.oshai mu org.http4k com.natpryce dev.kord org.litote com.github.kittinunf strikt org.spekframework
	babashka sci clj_yaml jackdaw langohr monger xtdb crux honeysql hikari_cp conman luminus immutant environ aero duct yada bidi onyx clout kaocha lambdaisland expound portal clj_commons orchard
	worker.org.gradle sbt coursier xsbt bloop metabuild nonapi.io netflix hudson.remoting liquibase org.liquibase ratpack grails gorm spock geb
	jnr jline sourcecode pprint mill fansi os.proc reactivemongo com.outworkers com.evolutiongaming wvlet airframe`)

// dotnetLibraries are namespaces of .NET's libraries.
var dotnetLibraries = newNames(`System Microsoft Windows Mono Internal Interop FSharp Newtonsoft Npgsql Dapper MediatR AutoMapper FluentValidation FluentAssertions FluentMigrator
	Serilog NLog log4net Polly RestSharp StackExchange MySql MySqlConnector Oracle MongoDB Amazon Azure Google Grpc NUnit Xunit xunit Moq NSubstitute
	Castle Autofac Ninject StructureMap Lamar SimpleInjector DryIoc Unity UnityEngine UnityEditor Hangfire Quartz MassTransit GreenPipes NServiceBus Rebus RabbitMQ EasyNetQ Confluent
	Elasticsearch Nest Elastic OpenSearch NHibernate EntityFramework EFCore EntityFrameworkCore LinqToDB ServiceStack Swashbuckle NSwag IdentityServer4 IdentityModel Duende
	Refit Flurl Orleans Akka Proto Giraffe Suave Saturn Nancy FastEndpoints Carter Wolverine Marten Mapster HotChocolate GraphQL
	OpenTelemetry OpenTracing Prometheus App.Metrics Sentry Datadog NewRelic Elastic.Apm Raygun Bugsnag Rollbar Stripe Twilio SendGrid
	MailKit MimeKit Ical CsvHelper ClosedXML DocumentFormat NodaTime Humanizer Bogus Scrutor Ocelot Yarp SignalR Steeltoe Topshelf
	Couchbase Raven Cassandra Neo4j InfluxDB ClickHouse Snowflake Devart IBM SAP LiteDB SQLitePCL ImageSharp SixLabors SkiaSharp HtmlAgilityPack AngleSharp
	Jint YamlDotNet MessagePack ProtoBuf Google.Protobuf Utf8Json Jil ReactiveUI DynamicData Avalonia Prism MvvmCross Xamarin Caliburn
	TestStack Shouldly BenchmarkDotNet JetBrains StartupHook WebDriver OpenQA Playwright Python.Runtime Cysharp UniRx Zenject DG Sirenix`)

// rustCrates are the crates that most programs in Rust are built with.
var rustCrates = newNames(`std core alloc proc_macro test backtrace addr2line gimli object miniz_oxide rustc_demangle panic_unwind panic_abort __rust_begin_short_backtrace
	tokio tokio_util tokio_stream tokio_rustls tokio_postgres async_std async_io async_task async_trait async_executor async_global_executor smol futures futures_util futures_core
	futures_channel futures_executor futures_lite futures_task hyper hyper_util h2 h3 quinn axum axum_core axum_server tower tower_http tower_service tower_layer actix actix_web actix_rt actix_http actix_server
	actix_router actix_service actix_utils actix_cors rocket rocket_http warp tide poem salvo gotham iron nickel tonic prost reqwest ureq isahc surf curl native_tls openssl
	rustls rustls_pki_types webpki ring serde serde_json serde_yaml serde_urlencoded serde_path_to_error toml bincode ciborium rmp_serde quick_xml csv anyhow eyre color_eyre thiserror
	failure snafu miette tracing tracing_core tracing_subscriber tracing_futures tracing_error log env_logger slog fern rayon rayon_core crossbeam crossbeam_channel crossbeam_epoch crossbeam_utils
	parking_lot parking_lot_core lock_api once_cell lazy_static mio polling socket2 bytes http http_body httparse url regex regex_automata regex_syntax aho_corasick memchr clap clap_builder
	structopt diesel sqlx sqlx_core sqlx_postgres sea_orm sea_query postgres rusqlite mysql mysql_async redis deadpool deadpool_postgres bb8 r2d2 mongodb lapin rdkafka
	async_nats nats tungstenite tokio_tungstenite uuid chrono time rand rand_core hashbrown indexmap ahash dashmap arc_swap smallvec arrayvec itertools num num_traits
	sentry sentry_core opentelemetry metrics prometheus aws_config aws_sdk_s3 aws_smithy_runtime aws_smithy_client aws_sdk_dynamodb lambda_runtime lambda_http juniper async_graphql tera askama handlebars minijinja
	wasm_bindgen wasm_bindgen_futures js_sys web_sys yew leptos dioxus bevy bevy_app bevy_ecs winit wgpu tauri libc nix signal_hook ctrlc criterion proptest mockall wiremock pyo3 napi
	tarpc jsonrpsee libp2p ethers alloy web3 solana_sdk tempfile walkdir zip flate2 image ndarray polars candle_core datafusion arrow parquet`)

// elixirApps are the applications that those in Elixir and Erlang are built with.
var elixirApps = newNames(`absinthe absinthe_plug absinthe_phoenix amqp argon2_elixir ash ash_phoenix ash_postgres asn1 bandit bamboo bcrypt_elixir broadway broadway_kafka broadway_sqs brod bypass cachex
	castore certifi comeonin commanded compiler con_cache cowboy cowboy_telemetry cowlib crypto dataloader db_connection decimal dialyxir dns_cluster ecto ecto_enum ecto_sql ecto_sqlite3 eex elixir
	elixir_make erts esbuild eventstore ex_aws ex_aws_s3 ex_cldr ex_doc ex_machina ex_phone_number ex_unit exconstructor excoveralls exq fast_html faker file_system finch floki gen_stage
	gettext goth gproc grpc guardian gun hackney heroicons hex horde hpax hpack html_entities httpoison httpotion idna iex inets jason joken jose jsx kaffe kafka_ex kernel libcluster libring live_view_native locus
	logger logger_json logger_file_backend lager mariaex makeup metrics mime mimerl mint mint_web_socket mix mnesia mochiweb mongodb_driver mox mix_test_watch myxql nimble_options nimble_parsec nimble_pool
	nodejs nx oban oban_web opentelemetry opentelemetry_api opentelemetry_ecto opentelemetry_phoenix p1_utils parse_trans phoenix phoenix_ecto phoenix_html phoenix_html_helpers phoenix_live_dashboard phoenix_live_reload
	phoenix_live_view phoenix_pubsub phoenix_pubsub_redis phoenix_swagger phoenix_template phoenix_view plug plug_attack plug_cowboy plug_crypto poison pokerpop poolboy postgrex pow prometheus prometheus_ex
	prom_ex public_key quantum quickrand ranch recon redix req retry rollbax sasl scrivener scrivener_ecto sentry slipstream snmp sobelow ssh ssl ssl_verify_fun statix stdlib sweet_xml surface swoosh syntax_tools
	tds telemetry telemetry_metrics telemetry_poller tesla thousand_island timex tools tzdata ueberauth unicode_util_compat unsafe verk wallaby waffle websock websock_adapter websockex web_push xmerl yamerl yamerl yaml_elixir yaws appsignal new_relic_agent spandex honeybadger`)

// erlangModules are modules of OTP and of servers, which have no directory in their frames.
var erlangModules = newNames(`application application_master array base64 binary code c calendar crypto dets dict digraph disk_log erl_eval erl_parse erlang error_logger error_handler ets eval_bits file
	file_io_server filelib filename gb_sets gb_trees gen gen_event gen_fsm gen_sctp gen_server gen_statem gen_tcp gen_udp global group httpc httpd inet inet_db init io io_lib json lists logger logger_backend maps math
	mnesia mnesia_tm net_kernel orddict ordsets os pool prim_file prim_inet proc_lib proplists public_key queue rand random re rpc sets shell slave ssh ssl ssl_gen_statem string supervisor supervisor_bridge sys
	tls_connection tcp_inet_drv timer unicode uri_string user_drv win32reg xmerl_scan zip zlib
	cowboy_handler cowboy_http cowboy_http2 cowboy_stream cowboy_stream_h cowboy_req cowboy_rest cowboy_router cowboy_middleware cowboy_websocket cow_http ranch ranch_conns_sup ranch_acceptor elli elli_http mochiweb_http yaws_server
	hackney hackney_conn hackney_pool jsx jsx_decoder jiffy poolboy epgsql epgsql_sock lager gproc erpc eunit eunit_test eunit_proc ct test_server rebar3 rebar_prv_eunit elixir elixir_dispatch elixir_compiler elixir_module elixir_eval`)

// dartPackages are packages of Dart's and Flutter's libraries.
var dartPackages = newNames(`analyzer angular args async audioplayers auto_route bloc boolean_selector built_collection built_value cached_network_image camera characters chopper cloud_firestore collection connectivity connectivity_plus
	crypto cupertino_icons device_info_plus dio drift easy_localization equatable event_bus fake_async file firebase_analytics firebase_auth firebase_core firebase_crashlytics firebase_messaging flame flutter flutter_animate flutter_bloc
	flutter_driver flutter_hooks flutter_localizations flutter_riverpod flutter_secure_storage flutter_svg flutter_test flutter_tools flutter_web_plugins freezed_annotation get get_it get_storage go_router google_fonts google_maps_flutter graphql graphql_flutter grpc
	hive hive_flutter hooks_riverpod hydrated_bloc http http_parser image_picker injectable integration_test intl io isar jni json_annotation just_audio logger logging lottie matcher material_color_utilities meta mobx flutter_mobx mockito mocktail nested
	package_info_plus path path_provider permission_handler pigeon plugin_platform_interface pool postgres protobuf provider quiver redux flutter_redux retrofit riverpod rxdart sentry sentry_flutter shared_preferences shelf shelf_router source_span sqflite
	sqlite3 stack_trace state_notifier stream_channel stream_transform string_scanner supabase supabase_flutter term_glyph test test_api test_core timezone tuple typed_data url_launcher uuid vector_math video_player vm_service web_socket_channel webview_flutter xml yaml serverpod dart_frog`)

// juliaModules are those of Julia itself.
var juliaModules = newNames(`Base Core Distributed Test REPL LinearAlgebra Sockets Pkg Statistics Random Dates Logging Printf`)

// appleImages are the images of the systems of Apple, in whose frames an image stands
// first. Those that begin with lib are libraries anyway.
var appleImages = newNames(`AVFoundation AppKit CFNetwork Combine CoreData CoreFoundation CoreGraphics CoreLocation CoreText Foundation FrontBoardServices GraphicsServices HIToolbox JavaScriptCore MapKit Metal Network QuartzCore
	RunningBoardServices Security SwiftUI SwiftUICore UIKit UIKitCore UserNotifications WebKit dyld dyld_sim ImageIO PhotoLibraryServices StoreKit AttributeGraph Alamofire Realm RealmSwift FirebaseCore FirebaseCrashlytics GoogleUtilities RxSwift RxCocoa
	Sentry Kingfisher SDWebImage SnapKit Moya Lottie Starscream Vapor NIO NIOCore NIOPosix NIOHTTP1 Fluent FluentKit Leaf Flutter hermes React Hermes`)
