/** Registered: the platform may close the window that it opened for it (LTI Dynamic Registration 1.0, 3.6). */
const above = window.opener ?? (window.parent === window ? null : window.parent);
above?.postMessage({ subject: "org.imsglobal.lti.close" }, "*");
