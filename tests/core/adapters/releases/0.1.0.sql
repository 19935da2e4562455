PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE events (
            id TEXT PRIMARY KEY,
            bucket TEXT NOT NULL,
            name TEXT NOT NULL,
            generation INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'set_aside')),
            due REAL NOT NULL,
            attempts INTEGER NOT NULL,
            interruptions INTEGER NOT NULL,
            error TEXT
        ) STRICT
        ;
INSERT INTO "events" VALUES('519c6b52b6f54e36ad315ada394b86de','local','invoices/7a2998a5626250402cac942818a0333d',5,'2026-11-24T01:06:41.338099+00:00','waiting',1.79548240190348553659e+09,1,0,'{"code":"internal","message":"out of luck"}');
INSERT INTO "events" VALUES('1cd723b08e3e4c9fab1e679d41885e1f','local','invoices/e1d4191e8ecf87b8470f253bc022efad',6,'2026-11-24T01:06:41.506101+00:00','set_aside',1.79548240150613093381e+09,1,0,'{"code":"internal","message":"out of luck"}');
CREATE TABLE invoices (
            id TEXT PRIMARY KEY,
            status TEXT NOT NULL,
            template TEXT NOT NULL,
            received_at TEXT NOT NULL,
            date TEXT NOT NULL,
            total TEXT NOT NULL,
            number TEXT NOT NULL,
            search TEXT NOT NULL,
            document TEXT NOT NULL
        ) STRICT
        ;
INSERT INTO "invoices" VALUES('3313b332e427e2e2360b5f1df540a699','done','form','2026-11-24T01:06:39.730186+00:00','2025-12-31','21000001715','1025','corrected.png
1025
70
12/31/2025
1025
71.50
2025-12-31','{"id":"3313b332e427e2e2360b5f1df540a699","status":"done","source":{"kind":"upload","file_id":"corrected.png","name":"corrected.png","link":null},"duplicates":[],"object":{"bucket":"local","name":"invoices/3313b332e427e2e2360b5f1df540a699","generation":2},"requested_template":null,"template":{"id":"form","version":2},"fields":{"invoice_number":{"text":"1025","value":"1025","kind":"number","confidence":0.9996,"box":[10,10,200,60],"page":1,"hijri":null,"original":null,"reviewed_by":null},"total":{"text":"70","value":"71.50","kind":"amount","confidence":0.9996,"box":[10,70,200,120],"page":1,"hijri":null,"original":"70","reviewed_by":"mona"},"date":{"text":"12/31/2025","value":"2025-12-31","kind":"date","confidence":0.9998,"box":[10,130,390,190],"page":1,"hijri":null,"original":null,"reviewed_by":null}},"corrections":[{"field":"total","before":"70","after":"71.50","by":"mona","at":"2026-11-24T01:06:40.246250Z"}],"page_sizes":{"1":[400,200]},"reasons":[],"error":null,"reader":"khana-0.1.0 numeric-1+d9212d88","received_at":"2026-11-24T01:06:39.730186Z","read_at":"2026-11-24T01:06:40.025489Z","lease_until":null,"timings_ms":{"decode":0.443,"align":0.054,"crop":0.25,"read_numeric":93.44,"check":0.51}}');
INSERT INTO "invoices" VALUES('a492068b17c53797a78158e2ff1d70af','needs_review','form','2026-11-24T01:06:40.262147+00:00','','','1026','review.png
1026


1026','{"id":"a492068b17c53797a78158e2ff1d70af","status":"needs_review","source":{"kind":"upload","file_id":"review.png","name":"review.png","link":null},"duplicates":[],"object":{"bucket":"local","name":"invoices/a492068b17c53797a78158e2ff1d70af","generation":3},"requested_template":null,"template":{"id":"form","version":2},"fields":{"invoice_number":{"text":"1026","value":"1026","kind":"number","confidence":0.9996,"box":[10,10,200,60],"page":1,"hijri":null,"original":null,"reviewed_by":null},"total":{"text":"","value":null,"kind":"amount","confidence":1.0,"box":[10,70,200,120],"page":1,"hijri":null,"original":null,"reviewed_by":null},"date":{"text":"","value":null,"kind":"date","confidence":1.0,"box":[10,130,390,190],"page":1,"hijri":null,"original":null,"reviewed_by":null}},"corrections":[],"page_sizes":{"1":[400,200]},"reasons":[{"code":"missing","message":"total: the box is empty","fields":["total"]}],"error":null,"reader":"khana-0.1.0 numeric-1+d9212d88","received_at":"2026-11-24T01:06:40.262147Z","read_at":"2026-11-24T01:06:40.751316Z","lease_until":null,"timings_ms":{"decode":0.413,"align":0.053,"crop":0.24,"read_numeric":143.197,"check":0.563}}');
INSERT INTO "invoices" VALUES('bf891ea46ead4993e89aa7da02ab8c23','failed','','2026-11-24T01:06:40.894185+00:00','','','','failed.jpg','{"id":"bf891ea46ead4993e89aa7da02ab8c23","status":"failed","source":{"kind":"upload","file_id":"failed.jpg","name":"failed.jpg","link":null},"duplicates":[],"object":{"bucket":"local","name":"invoices/bf891ea46ead4993e89aa7da02ab8c23","generation":4},"requested_template":null,"template":null,"fields":{},"corrections":[],"page_sizes":{},"reasons":[],"error":{"code":"unsupported_format","message":"failed.jpg: looks like plain text; give a JPEG, PNG or PDF"},"reader":"khana-0.1.0 numeric-1+d9212d88","received_at":"2026-11-24T01:06:40.894185Z","read_at":"2026-11-24T01:06:41.086532Z","lease_until":null,"timings_ms":{}}');
INSERT INTO "invoices" VALUES('61de98ef7adf35a755eadfe0e9a50fc4','done','form','2026-11-24T01:06:38.875371+00:00','2026-03-04','2100000256025','1024','done.png
done again.png
1024
560.25
03/04/2026
1024
560.25
2026-03-04','{"id":"61de98ef7adf35a755eadfe0e9a50fc4","status":"done","source":{"kind":"upload","file_id":"done.png","name":"done.png","link":null},"duplicates":[{"kind":"upload","file_id":"done again.png","name":"done again.png","link":null}],"object":{"bucket":"local","name":"invoices/61de98ef7adf35a755eadfe0e9a50fc4","generation":1},"requested_template":null,"template":{"id":"form","version":2},"fields":{"invoice_number":{"text":"1024","value":"1024","kind":"number","confidence":0.9995,"box":[10,10,200,60],"page":1,"hijri":null,"original":null,"reviewed_by":null},"total":{"text":"560.25","value":"560.25","kind":"amount","confidence":0.9994,"box":[10,70,200,120],"page":1,"hijri":null,"original":null,"reviewed_by":null},"date":{"text":"03/04/2026","value":"2026-03-04","kind":"date","confidence":0.9997,"box":[10,130,390,190],"page":1,"hijri":null,"original":null,"reviewed_by":null}},"corrections":[],"page_sizes":{"1":[400,200]},"reasons":[],"error":null,"reader":"khana-0.1.0 numeric-1+d9212d88","received_at":"2026-11-24T01:06:38.875371Z","read_at":"2026-11-24T01:06:39.571674Z","lease_until":null,"timings_ms":{"decode":91.391,"align":0.077,"crop":0.407,"read_numeric":219.146,"check":145.59}}');
INSERT INTO "invoices" VALUES('7a2998a5626250402cac942818a0333d','received','','2026-11-24T01:06:41.246537+00:00','','','','waiting.png','{"id":"7a2998a5626250402cac942818a0333d","status":"received","source":{"kind":"upload","file_id":"waiting.png","name":"waiting.png","link":null},"duplicates":[],"object":{"bucket":"local","name":"invoices/7a2998a5626250402cac942818a0333d","generation":5},"requested_template":null,"template":null,"fields":{},"corrections":[],"page_sizes":{},"reasons":[],"error":null,"reader":null,"received_at":"2026-11-24T01:06:41.246537Z","read_at":null,"lease_until":null,"timings_ms":{}}');
INSERT INTO "invoices" VALUES('e1d4191e8ecf87b8470f253bc022efad','received','','2026-11-24T01:06:41.402624+00:00','','','','aside.png','{"id":"e1d4191e8ecf87b8470f253bc022efad","status":"received","source":{"kind":"upload","file_id":"aside.png","name":"aside.png","link":null},"duplicates":[],"object":{"bucket":"local","name":"invoices/e1d4191e8ecf87b8470f253bc022efad","generation":6},"requested_template":null,"template":null,"fields":{},"corrections":[],"page_sizes":{},"reasons":[],"error":null,"reader":null,"received_at":"2026-11-24T01:06:41.402624Z","read_at":null,"lease_until":null,"timings_ms":{}}');
CREATE TABLE objects (
            generation INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            content_type TEXT NOT NULL,
            metadata TEXT NOT NULL
        ) STRICT
        ;
INSERT INTO "objects" VALUES(1,'invoices/61de98ef7adf35a755eadfe0e9a50fc4','application/octet-stream','{"source-kind": "upload", "source-file-id": "done.png", "source-name": "done.png", "received-at": "2026-11-24T01:06:38.875371+00:00"}');
INSERT INTO "objects" VALUES(2,'invoices/3313b332e427e2e2360b5f1df540a699','application/octet-stream','{"source-kind": "upload", "source-file-id": "corrected.png", "source-name": "corrected.png", "received-at": "2026-11-24T01:06:39.730186+00:00"}');
INSERT INTO "objects" VALUES(3,'invoices/a492068b17c53797a78158e2ff1d70af','application/octet-stream','{"source-kind": "upload", "source-file-id": "review.png", "source-name": "review.png", "received-at": "2026-11-24T01:06:40.262147+00:00"}');
INSERT INTO "objects" VALUES(4,'invoices/bf891ea46ead4993e89aa7da02ab8c23','application/octet-stream','{"source-kind": "upload", "source-file-id": "failed.jpg", "source-name": "failed.jpg", "received-at": "2026-11-24T01:06:40.894185+00:00"}');
INSERT INTO "objects" VALUES(5,'invoices/7a2998a5626250402cac942818a0333d','application/octet-stream','{"source-kind": "upload", "source-file-id": "waiting.png", "source-name": "waiting.png", "received-at": "2026-11-24T01:06:41.246537+00:00"}');
INSERT INTO "objects" VALUES(6,'invoices/e1d4191e8ecf87b8470f253bc022efad','application/octet-stream','{"source-kind": "upload", "source-file-id": "aside.png", "source-name": "aside.png", "received-at": "2026-11-24T01:06:41.402624+00:00"}');
CREATE TABLE seen (path TEXT PRIMARY KEY, revision TEXT NOT NULL) STRICT;
INSERT INTO "seen" VALUES('a/b.png','1-2-3');
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO "state" VALUES('cursor:folder','seen');
CREATE TABLE templates (
            id TEXT NOT NULL,
            version INTEGER NOT NULL,
            document TEXT NOT NULL,
            reference BLOB,
            PRIMARY KEY (id, version)
        ) STRICT
        ;
INSERT INTO "templates" VALUES('form',1,'{"id":"form","version":1,"name":"نموذج","page_size":[400,200],"reference":null,"page":1,"date_order":"mdy","fields":[{"name":"invoice_number","kind":"number","box":[10,10,200,60],"page":null,"required":true,"pattern":null,"languages":["ara","eng"]},{"name":"total","kind":"amount","box":[10,70,200,120],"page":null,"required":true,"pattern":null,"languages":["ara","eng"]},{"name":"date","kind":"date","box":[10,130,390,190],"page":null,"required":false,"pattern":null,"languages":["ara","eng"]}],"rules":["total > 0"]}',X'89504E470D0A1A0A0000000D4948445200000028000000140800000000DA2D2067000000354944415428158DC101010000008220FD3FDA2E04C6C7F8181FE3637C8C8FF1313EC6C7F8181FE3637C8C8FF1313EC6C7F8181FE333933714016D87FE950000000049454E44AE426082');
INSERT INTO "templates" VALUES('form',2,'{"id":"form","version":2,"name":"نموذج","page_size":[400,200],"reference":null,"page":1,"date_order":"mdy","fields":[{"name":"invoice_number","kind":"number","box":[10,10,200,60],"page":null,"required":true,"pattern":null,"languages":["ara","eng"]},{"name":"total","kind":"amount","box":[10,70,200,120],"page":null,"required":true,"pattern":null,"languages":["ara","eng"]},{"name":"date","kind":"date","box":[10,130,390,190],"page":null,"required":false,"pattern":null,"languages":["ara","eng"]}],"rules":["total > 0"]}',NULL);
CREATE INDEX invoices_received_at ON invoices (received_at, id);
CREATE INDEX invoices_date ON invoices (date, id);
CREATE INDEX invoices_total ON invoices (total, id);
CREATE INDEX invoices_number ON invoices (number, id);
CREATE INDEX invoices_status ON invoices (status, received_at, id);
CREATE INDEX invoices_template ON invoices (template, received_at, id);
CREATE INDEX events_due ON events (state, due);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('objects',6);
COMMIT;
